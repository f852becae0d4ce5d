/** Where a message is and how it got there, in words: the reason to trust the rest. */
import { deviceIdText, idKey } from '../../protocols/core/ids.ts'
import type { MessageView, TraceStep } from '../../protocols/local/schema.ts'
import type { Reader } from '../../store/reader.ts'
import { UNADDRESSED, type Contact, type Message, type Outgoing } from '../../store/types.ts'
import { labelOf } from '../contacts/resolve.ts'
import { instant, type Views } from './views.ts'

export interface TraceParts {
  readonly reader: Reader
  readonly views: Views
  /** When the outbox tries a device again, milliseconds since 1970; undefined: it is not waiting for a time. */
  readonly nextTryAtMs: (outgoing: Outgoing) => number | undefined
}

export interface MessageTrace { message: MessageView, headline: string, steps: TraceStep[], next: TraceStep[] }

interface Timed extends TraceStep { readonly atMs: number }

export function traceMessage (message: Message, parts: TraceParts): MessageTrace {
  const { reader, views } = parts
  const contact = reader.contacts.byNumber(message.contact)
  const label = contact === undefined ? 'somebody' : labelOf(contact)
  if (!message.isOwn) return { message: views.message(message), headline: `From ${label}. It is safe in this node's database.`, steps: receivedSteps(message), next: [] }
  const outgoing = reader.outbox.ofMessage(message.id)
  const steps = [
    step(message.receivedAtMs, 'queued', 'saved on this computer'),
    ...outgoing.flatMap(row => stepsOf(row, label, reader)),
    ...endSteps(message, label)
  ]
  steps.sort((left, right) => left.atMs - right.atMs)
  return {
    message: views.message(message),
    headline: headlineOf(message, { contact, label, wasSent: steps.some(({ step: name }) => SENT_STEPS.has(name)) }),
    steps: steps.map(({ atMs, ...rest }) => rest),
    next: nextSteps(message, { outgoing, label, parts })
  }
}

function step (atMs: number, name: string, text: string, rest: Partial<TraceStep> = {}): Timed {
  return { atMs, at: instant(atMs), step: name, text, ...rest }
}

function receivedSteps (message: Message): TraceStep[] {
  const steps = [step(message.sentAtMs, 'written', 'written, by its author\'s clock'), step(message.receivedAtMs, 'received', 'saved on this computer')]
  if (message.state === 'read') steps.push(step(message.stateAtMs, 'read', 'read here'))
  return steps.map(({ atMs, ...rest }) => rest)
}

function stepsOf (outgoing: Outgoing, label: string, reader: Reader): Timed[] {
  const device = { device: deviceIdText(outgoing.deviceId) }
  const isAddressed = idKey(outgoing.deviceId) !== idKey(UNADDRESSED)
  const steps = reader.traces.ofOutbox(outgoing.row).map(trace => step(trace.atMs, trace.step, STEP_WORDS[trace.step] ?? trace.step, { ...isAddressed ? device : {}, cause: trace.detail }))
  if (outgoing.sealedAtMs !== undefined) steps.push(step(outgoing.sealedAtMs, 'sealed', `sealed for a device of ${label}`, device))
  if (outgoing.sentAtMs !== undefined && steps.every(({ atMs, step: name }) => name === 'sealed' || atMs !== outgoing.sentAtMs)) {
    steps.push(step(outgoing.sentAtMs, 'sent', `sent directly${outgoing.attempts > 1 ? `, attempt ${outgoing.attempts}` : ''}`, device))
  }
  if (outgoing.state === 'delivered' && outgoing.settledAtMs !== undefined) {
    steps.push(step(outgoing.settledAtMs, 'delivered', `a device of ${label} has it on disk and signed for it`, device))
  }
  if (outgoing.state === 'cancelled' && outgoing.settledAtMs !== undefined) steps.push(step(outgoing.settledAtMs, 'cancelled', 'taken back before it was delivered', isAddressed ? device : {}))
  return steps
}

const STEP_WORDS: Readonly<Record<string, string>> = {
  unreachable: 'no device answered',
  unanswered: 'sent, but no acknowledgement came back',
  refused: 'refused',
  postponed: 'not taken yet',
  undecryptable: 'could not be read there; it is sealed again under a new session',
  retry: 'tried again by hand'
}

function endSteps (message: Message, label: string): Timed[] {
  if (message.state === 'read') return [step(message.stateAtMs, 'read', `${label} opened it`)]
  if (message.state === 'failed') return [step(message.stateAtMs, 'failed', 'not sent', message.reason === undefined ? {} : { cause: message.reason })]
  if (message.state === 'expired') return [step(message.stateAtMs, 'expired', 'nobody collected it in time')]
  return []
}

/** Steps that a message only comes to when it has left: a dial in vain is an attempt, too, and sends nothing. */
const SENT_STEPS: ReadonlySet<string> = new Set(['sent', 'unanswered', 'postponed', 'undecryptable'])

interface HeadlineParts { readonly contact: Contact | undefined, readonly label: string, readonly wasSent: boolean }

function headlineOf (message: Message, { contact, label, wasSent }: HeadlineParts): string {
  switch (message.state) {
    case 'delivered': return `Delivered: a device of ${label} has it.`
    case 'read': return `Read by ${label}.`
    case 'failed': return `Not sent: ${message.reason ?? 'it was refused'}. It is safe here.`
    case 'expired': return `Expired: no device of ${label} collected it. It is safe here.`
    case 'cancelled': return `Taken back. ${label} has not got it.`
    default:
      if (contact?.standing === 'requested') return `Queued on this computer, safe across restarts. It leaves when ${label} accepts your request.`
      return wasSent
        ? `Queued on this computer, safe across restarts. It was sent, but no device of ${label} has acknowledged it yet.`
        : `Queued on this computer, safe across restarts. No device of ${label} has been reached yet.`
  }
}

interface NextParts { readonly outgoing: readonly Outgoing[], readonly label: string, readonly parts: TraceParts }

function nextSteps (message: Message, { outgoing, label, parts }: NextParts): TraceStep[] {
  if (message.state === 'queued' || message.state === 'stored') {
    const open = outgoing.filter(row => row.state === 'waiting' || row.state === 'sealed')
    return [
      ...open.flatMap(row => {
        const atMs = parts.nextTryAtMs(row)
        return atMs === undefined ? [] : [withoutMs(step(atMs, 'retry', 'next attempt', { device: deviceIdText(row.deviceId) }))]
      }),
      withoutMs(step(open[0]?.expiresAtMs ?? message.receivedAtMs, 'delivered', `when a device of ${label} acknowledges it`))
    ]
  }
  return []
}

function withoutMs ({ atMs, ...rest }: Timed): TraceStep {
  void atMs
  return rest
}
