/** Where a message is and how it got there, in words: the reason to trust the rest. */
import { deviceIdText, idKey } from '../../protocols/core/ids.ts'
import type { MessageView, TraceStep } from '../../protocols/local/schema.ts'
import { isStored, type Copies } from '../../protocols/deposit/copies.ts'
import type { ListedRelay } from '../../protocols/account/wire.ts'
import type { Reader } from '../../store/reader.ts'
import { UNADDRESSED, type Contact, type Copy, type Message, type Outgoing } from '../../store/types.ts'
import { countCopies, relayLabel } from '../contacts/copies.ts'
import type { Directory } from '../directory.ts'
import { labelOf } from '../contacts/resolve.ts'
import { ownState } from './states.ts'
import { instant, type Views } from './views.ts'

export interface TraceParts {
  readonly reader: Reader
  readonly views: Views
  /** When the outbox tries a device again, milliseconds since 1970; undefined: it is not waiting for a time. */
  readonly nextTryAtMs: (outgoing: Outgoing) => number | undefined
  readonly directory: Directory
  readonly nowMs: number
  /** When a relay is tried again for an outbox row. */
  readonly nextCopyAtMs: (row: number, relay: string) => number | undefined
}

export interface MessageTrace { message: MessageView, headline: string, steps: TraceStep[], next: TraceStep[] }

/** A step, before its time is made text. */
type Happening = Omit<TraceStep, 'at'> & { readonly atMs: number }

export function traceMessage (message: Message, parts: TraceParts): MessageTrace {
  const { reader, views, directory } = parts
  const relays = directory.contact(message.contact)?.list?.relays ?? []
  const contact = reader.contacts.byNumber(message.contact)
  const label = contact === undefined ? 'somebody' : labelOf(contact)
  if (!message.isOwn) return { message: views.message(message), headline: `From ${label}. It is safe in this node's database.`, steps: receivedSteps(message).map(shown), next: [] }
  const outgoing = reader.outbox.ofMessage(message.id)
  const steps = [
    { atMs: message.receivedAtMs, step: 'queued', text: 'saved on this computer' },
    ...outgoing.flatMap(row => stepsOf(row, label, reader)),
    ...outgoing.flatMap(({ row }) => reader.copies.ofOutbox(row).flatMap(copy => copySteps(copy, relays))),
    ...endSteps(message, label)
  ].sort((left, right) => left.atMs - right.atMs)
  return {
    message: views.message(message),
    headline: headlineOf(message, { contact, label, copies: countCopies(message.id, parts), wasSent: steps.some(({ step }) => SENT_STEPS.has(step)) }),
    steps: steps.map(shown),
    next: nextSteps(message, { outgoing, label, relays, parts }).map(shown)
  }
}

function shown ({ atMs, ...rest }: Happening): TraceStep {
  return { at: instant(atMs), ...rest }
}

function receivedSteps (message: Message): Happening[] {
  return [
    { atMs: message.sentAtMs, step: 'written', text: 'written, by its author\'s clock' },
    { atMs: message.receivedAtMs, step: 'received', text: 'saved on this computer' },
    ...message.state === 'read' ? [{ atMs: message.stateAtMs, step: 'read', text: 'read here' }] : []
  ]
}

function stepsOf (outgoing: Outgoing, label: string, reader: Reader): Happening[] {
  const { deviceId, sealedAtMs, sentAtMs, settledAtMs, attempts, state } = outgoing
  const device = idKey(deviceId) === idKey(UNADDRESSED) ? {} : { device: deviceIdText(deviceId) }
  const steps: Happening[] = reader.traces.ofOutbox(outgoing.row)
    .map(({ atMs, step, detail }) => ({ atMs, step, text: STEP_WORDS[step] ?? step, ...device, cause: detail }))
  const hasSentStep = steps.some(step => step.atMs === sentAtMs)
  if (sealedAtMs !== undefined) steps.push({ atMs: sealedAtMs, step: 'sealed', text: `sealed for a device of ${label}`, ...device })
  if (sentAtMs !== undefined && !hasSentStep) steps.push({ atMs: sentAtMs, step: 'sent', text: `sent directly${attempts > 1 ? `, attempt ${attempts}` : ''}`, ...device })
  if (settledAtMs === undefined) return steps
  if (state === 'delivered') steps.push({ atMs: settledAtMs, step: 'delivered', text: `a device of ${label} has it on disk and signed for it`, ...device })
  if (state === 'cancelled') steps.push({ atMs: settledAtMs, step: 'cancelled', text: 'taken back before it was delivered', ...device })
  return steps
}

/** A relay's answer: what it has signed for, and until when. */
function copySteps ({ relay, state, storedAtMs, expiresAtMs }: Copy, relays: readonly ListedRelay[]): Happening[] {
  if (state !== 'stored' || storedAtMs === undefined) return []
  const until = new Date(expiresAtMs ?? 0).toISOString().slice(0, 10)
  return [{ atMs: storedAtMs, step: 'stored', text: `${relayLabel(relay, relays)} keeps a copy until ${until}, and has signed for it`, device: `relay ${relayLabel(relay, relays)}` }]
}

const STEP_WORDS: Readonly<Record<string, string>> = {
  unreachable: 'no device answered',
  unanswered: 'sent, but no acknowledgement came back',
  refused: 'refused',
  postponed: 'not taken yet',
  undecryptable: 'could not be read there; it is sealed again under a new session',
  retry: 'tried again by hand',
  'relay.unreachable': 'a relay did not answer',
  'relay.unanswered': 'left at a relay, but no answer came back',
  'relay.postponed': 'a relay did not take it yet',
  'relay.refused': 'a relay refused it',
  'relay.lost': 'a relay has lost its copy'
}

function endSteps (message: Message, label: string): Happening[] {
  const atMs = message.stateAtMs
  if (message.state === 'read') return [{ atMs, step: 'read', text: `${label} opened it` }]
  if (message.state === 'failed') return [{ atMs, step: 'failed', text: 'not sent', ...message.reason === undefined ? {} : { cause: message.reason } }]
  if (message.state === 'expired') return [{ atMs, step: 'expired', text: 'nobody collected it in time' }]
  return []
}

/** Steps that a message only comes to when it has left: a dial in vain is an attempt, too, and sends nothing. */
const SENT_STEPS: ReadonlySet<string> = new Set(['sent', 'unanswered', 'postponed', 'undecryptable'])

interface HeadlineParts { readonly contact: Contact | undefined, readonly label: string, readonly wasSent: boolean, readonly copies: Copies | undefined }

function headlineOf (message: Message, { contact, label, wasSent, copies }: HeadlineParts): string {
  switch (ownState(message)) {
    case 'delivered': return `Delivered: a device of ${label} has it.`
    case 'read': return `Read by ${label}.`
    case 'failed': return `Not sent: ${message.reason ?? 'it was refused'}. It is safe here.`
    case 'expired': return `Expired: no device of ${label} collected it. It is safe here.`
    case 'cancelled': return `Taken back. ${label} has not got it.`
    case 'queued':
    case 'stored':
      if (contact?.isKeyChanged === true) return `Queued on this computer, safe across restarts. It leaves when you have looked at the changed key of ${label}: skein contact verify`
      if (contact?.standing === 'requested') return `Queued on this computer, safe across restarts. It leaves when ${label} accepts your request.`
      if (copies !== undefined && copies.stored > 0) return storedHeadline(copies, label)
      return wasSent
        ? `Queued on this computer, safe across restarts. It was sent, but no device of ${label} has acknowledged it yet.`
        : `Queued on this computer, safe across restarts. No device of ${label} has been reached yet.`
  }
}

function storedHeadline (copies: Copies, label: string): string {
  const { stored, of } = copies
  const where = of === 1 ? 'Stored at the one relay' : `Stored at ${stored} of ${of} relays`
  const safe = isStored(copies) ? (of === 1 ? '1 copy: it is safe here as well.' : 'It is safe there and here.') : 'Not yet enough; it is safe here.'
  return `${where} of ${label}, sealed. ${safe}`
}

interface NextParts { readonly outgoing: readonly Outgoing[], readonly label: string, readonly relays: readonly ListedRelay[], readonly parts: TraceParts }

function nextSteps (message: Message, { outgoing, label, relays, parts }: NextParts): Happening[] {
  if (message.state !== 'queued' && message.state !== 'stored') return []
  const open = outgoing.filter(row => row.state === 'waiting' || row.state === 'sealed')
  return [
    ...open.flatMap(row => {
      const atMs = parts.nextTryAtMs(row)
      return atMs === undefined ? [] : [{ atMs, step: 'retry', text: 'next attempt', device: deviceIdText(row.deviceId) }]
    }),
    ...open.flatMap(({ row }) => relays.flatMap(({ peerId }) => {
      const atMs = parts.nextCopyAtMs(row, peerId)
      return atMs === undefined ? [] : [{ atMs, step: 'retry', text: `next attempt at ${relayLabel(peerId, relays)}` }]
    })),
    { atMs: open[0]?.expiresAtMs ?? message.receivedAtMs, step: 'delivered', text: `when a device of ${label} acknowledges it` }
  ]
}
