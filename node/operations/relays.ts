/** Our relays: where messages wait for us while we are away. Law: docs/protocols/mailbox.md. */
import { decodeRelayCard, encodeRelayQuery, type RelayCard } from '../../protocols/mailbox/questions.ts'
import { MAILBOX_VERSION } from '../../protocols/mailbox/wire.ts'
import { MalformedError, NotFoundError, RefusedError, UnreachableError, UsageError } from '../../protocols/core/errors.ts'
import { NONCE_BYTES, RELAY_CLOCK_MS_MAX, RELAYS_MAX } from '../../protocols/core/limits.ts'
import type { ListedRelay } from '../../protocols/account/wire.ts'
import type { Params } from '../../protocols/local/operations.ts'
import type { RelayTest, RelayView } from '../../protocols/local/schema.ts'
import type { Reader } from '../../store/reader.ts'
import type { Writer } from '../../store/writer.ts'
import type { OwnRelay } from '../../store/types.ts'
import { parseRelayAddress, relayAddressText } from '../contacts/relay-address.ts'
import type { Candidate, Mailboxes } from '../loops/mailboxes.ts'
import { MailboxRefusal } from '../loops/mailbox-stream.ts'
import type { MailboxStanding } from '../loops/mailbox-lane.ts'
import type { OwnAccount } from '../own-account.ts'
import type { Clock, Network, PeerTarget, Random } from '../ports.ts'
import { RELAY_PROTOCOL } from '../protocols.ts'
import type { Turn } from '../turn/turn.ts'
import type { Handlers } from './handlers.ts'
import { instant } from './views.ts'

export interface RelayParts {
  readonly reader: Reader
  readonly turn: Turn
  readonly account: OwnAccount
  readonly mailboxes: Mailboxes
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  /** Our list names other relays now: contacts are to be told. */
  readonly onRelays: () => void
}

export function relayOperations (parts: RelayParts): Handlers<'relays.add' | 'relays.list' | 'relays.remove' | 'relays.test'> {
  const { reader } = parts
  return {
    'relays.add': async params => ({ relay: await add(params, parts) }),
    'relays.list': () => ({ relays: reader.relays.list().map(relay => viewOf(relay, parts)) }),
    'relays.remove': async ({ relay }) => await remove(findRelay(relay, reader), parts),
    'relays.test': async ({ relay }) => {
      const tested = relay === undefined ? reader.relays.list() : [targetOf(relay, reader)]
      return { relays: await Promise.all(tested.map(async target => await test(target, parts))) }
    }
  }
}

async function add ({ address, code }: Params<'relays.add'>, parts: RelayParts): Promise<RelayView> {
  const { reader, mailboxes, network, account } = parts
  const target = parseRelayAddress(address)
  if (target.peerId === network.peerId) throw new UsageError('this is your own address', 'A relay is a program of its own: skein relay init')
  const known = reader.relays.byPeer(target.peerId)
  const isListed = known?.standing === 'used'
  if (!isListed && account.relays.length >= RELAYS_MAX) throw new RefusedError(`an account has at most ${RELAYS_MAX} relays`, 'Nothing was changed. Remove one first: skein relays remove')
  const addresses = [...new Set([...target.addresses, ...known?.addresses ?? []])]
  const candidate = { peerId: target.peerId, addresses, code: code ?? known?.code }
  const name = await open(candidate, parts)
  await keep(candidate, { name, known }, parts)
  mailboxes.keep(target.peerId)
  mailboxes.useRelays()
  parts.onRelays()
  return viewOf(mustBe(reader.relays.byPeer(target.peerId)), parts)
}

/** Opens the mailbox, with aliases and prekeys in it, before anybody is told of it. */
async function open (candidate: Candidate, { mailboxes, reader }: RelayParts): Promise<string> {
  try {
    return (await mailboxes.open(candidate)).description.name
  } catch (error) {
    // What was ours before stays ours.
    if (reader.relays.byPeer(candidate.peerId) !== undefined) mailboxes.keep(candidate.peerId)
    if (error instanceof MailboxRefusal) throw refusedFault(error)
    if (error instanceof UnreachableError) throw new UnreachableError(`the relay cannot be used: ${error.message}`, 'Nothing was changed. Check the address with its operator, then try again.', error)
    throw error
  }
}

function refusedFault ({ end: { reason } }: MailboxRefusal): Error {
  const hint = HINTS[reason] ?? 'Nothing was changed. Choose another relay, or try again later.'
  return new RefusedError(`the relay does not keep a mailbox for us: ${REASONS[reason] ?? reason}`, hint)
}

const REASONS: Readonly<Record<string, string>> = {
  admission: 'it takes nobody without an admission code, or not with this one',
  capacity: 'it has no room for another one now',
  blocked: 'it has blocked this device',
  draining: 'it closes for good',
  version: 'it speaks another version of the protocol',
  storage: 'its disk is in trouble'
}
const HINTS: Readonly<Record<string, string>> = { admission: 'Nothing was changed. Ask its operator for a code: skein relays add ADDRESS --code CODE' }

/** The relay and the list that names it, in one transaction. */
async function keep (candidate: Candidate, { name, known }: { readonly name: string, readonly known: OwnRelay | undefined }, { turn, account, clock }: RelayParts): Promise<void> {
  const { peerId, addresses, code } = candidate
  await turn.write((writer, round) => {
    writer.relays.put({ peerId, standing: 'used', name, code, addresses, addedAtMs: known?.standing === 'used' ? known.addedAtMs : round.nowMs, openedAtMs: clock.now() })
    signRelays(writer, round.nowMs, account)
  })
}

/** Our device list names exactly the relays in use. */
function signRelays (writer: Writer, nowMs: number, account: OwnAccount): void {
  const used = writer.read.relays.list().filter(({ standing }) => standing === 'used').slice(0, RELAYS_MAX)
  const listed: ListedRelay[] = used.map(({ peerId, addresses }) => ({ peerId, addresses }))
  account.changeRelays(writer, () => listed, nowMs)
}

/** Contacts are told first of all that they shall leave nothing there any more; what waits there is still collected. */
async function remove ({ peerId }: OwnRelay, parts: RelayParts): Promise<{ relay: string, isLeft: boolean }> {
  const { turn, account, mailboxes } = parts
  await turn.write((writer, round) => {
    writer.relays.leave(peerId)
    signRelays(writer, round.nowMs, account)
  })
  mailboxes.useRelays()
  parts.onRelays()
  return { relay: peerId, isLeft: await mailboxes.leave(peerId) }
}

/** By peer id, its beginning, address, or the name that it gives itself. */
function findRelay (text: string, reader: Reader): OwnRelay {
  const wanted = text.trim()
  const relays = reader.relays.list()
  const exact = relays.filter(relay => relay.peerId === wanted || relayAddressText(relay) === wanted || relay.addresses.some(address => `${address}/p2p/${relay.peerId}` === wanted))
  const found = exact.length > 0 ? exact : relays.filter(({ peerId, name }) => peerId.startsWith(wanted) || name.toLowerCase() === wanted.toLowerCase())
  const [first, second] = found
  if (first === undefined) throw new NotFoundError('there is no such relay among yours', 'See which there are: skein relays list')
  if (second !== undefined) throw new UsageError('several of your relays are meant', 'Use the whole address: skein relays list')
  return first
}

/** One of ours, or any by its address: a relay can be looked at before it is chosen. */
function targetOf (text: string, reader: Reader): PeerTarget {
  return text.startsWith('/') ? parseRelayAddress(text) : findRelay(text, reader)
}

async function test (target: PeerTarget, parts: RelayParts): Promise<RelayTest> {
  const { network, clock, random, mailboxes } = parts
  const common = { peerId: target.peerId, address: relayAddressText(target) }
  const mailbox = mailboxes.standing(target.peerId)
  try {
    // The first question also connects: only the second tells how long the way is.
    await ask(target, { network, random })
    const [sentAtMs, beginMs] = [clock.now(), clock.monotonic()]
    const card = await ask(target, { network, random })
    const ms = clock.monotonic() - beginMs
    const skewMs = Math.round(card.timeMs - (sentAtMs + ms / 2))
    return {
      ...common,
      name: card.description.name,
      isReachable: true,
      ms: Math.round(ms * 10) / 10,
      skewMs,
      admission: card.admission,
      takesMailboxes: card.takesMailboxes,
      limits: limitsOf(card),
      problems: problemsOf({ card, skewMs, mailbox })
    }
  } catch (error) {
    if (!(error instanceof UnreachableError || error instanceof MalformedError)) throw error
    return { ...common, name: '', isReachable: false, problems: [`it does not answer: ${error.message}`] }
  }
}

async function ask (target: PeerTarget, { network, random }: Pick<RelayParts, 'network' | 'random'>): Promise<RelayCard> {
  return decodeRelayCard(await network.request(target, RELAY_PROTOCOL, encodeRelayQuery({ version: MAILBOX_VERSION, nonce: random.bytes(NONCE_BYTES) })))
}

function limitsOf ({ limits: { mailboxItemsMax, mailboxBytesMax, lifetimeSMax } }: RelayCard): NonNullable<RelayTest['limits']> {
  return { items: mailboxItemsMax, bytes: mailboxBytesMax, days: Math.floor(lifetimeSMax / 86_400) }
}

function problemsOf ({ card, skewMs, mailbox }: { readonly card: RelayCard, readonly skewMs: number, readonly mailbox: MailboxStanding | undefined }): string[] {
  return [
    ...Math.abs(skewMs) > RELAY_CLOCK_MS_MAX ? [`its clock is ${Math.round(Math.abs(skewMs) / 60_000)} minutes ${skewMs > 0 ? 'ahead of' : 'behind'} ours: what it keeps expires at the wrong time`] : [],
    ...mailbox === undefined && !card.takesMailboxes ? ['it takes no new mailboxes now'] : [],
    ...mailbox === undefined && card.admission === 'code' ? ['it asks for an admission code'] : [],
    ...mailbox !== undefined && mailbox.at === 'waiting' ? [`our mailbox there is not open: ${mailbox.trouble ?? 'it is being tried again'}`] : []
  ]
}

function viewOf (relay: OwnRelay, { mailboxes }: RelayParts): RelayView {
  const standing = mailboxes.standing(relay.peerId)
  const answeredAtMs = Math.max(standing?.answeredAtMs ?? 0, relay.openedAtMs ?? 0)
  return {
    peerId: relay.peerId,
    address: relayAddressText(relay),
    addresses: relay.addresses.map(address => `${address}/p2p/${relay.peerId}`),
    name: relay.name,
    state: relay.standing === 'leaving' ? 'leaving' : stateOf(standing),
    ...standing?.waitingCount === undefined ? {} : { waiting: standing.waitingCount },
    ...standing?.trouble === undefined ? {} : { trouble: standing.trouble },
    ...standing?.skewMs === undefined ? {} : { skewMs: Math.round(standing.skewMs) },
    addedAt: instant(relay.addedAtMs),
    ...answeredAtMs === 0 ? {} : { answeredAt: instant(answeredAtMs) }
  }
}

function stateOf (standing: MailboxStanding | undefined): RelayView['state'] {
  switch (standing?.at) {
    case 'open': return 'open'
    case 'opening': return standing.trouble === undefined ? 'connecting' : 'unreachable'
    case 'waiting': return 'unreachable'
    case 'stopped':
    case undefined: return 'offline'
  }
}

function mustBe (relay: OwnRelay | undefined): OwnRelay {
  if (relay === undefined) throw new NotFoundError('the relay was removed meanwhile')
  return relay
}
