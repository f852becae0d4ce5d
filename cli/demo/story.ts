/**
 * What happens in the demo, scene by scene. Everything is done by two nodes that run as processes of their own; the story is
 * their client, and tells what they answer.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { SkeinError, TimeoutError, EXIT } from '../../protocols/core/errors.ts'
import type { MessageView } from '../../protocols/local/schema.ts'
import type { Trace } from '../trace.ts'
import { bodyOf, conversationLines, oneLine } from '../words.ts'
import type { Person } from './people.ts'
import type { Relay } from './relay.ts'
import { afterMs } from './telling.ts'
import type { Telling } from './telling.ts'

export interface Story {
  readonly ana: Person
  readonly bob: Person
  readonly relays: readonly Relay[]
  readonly tell: Telling
  readonly interrupted: AbortSignal
}

/** What is asked of a node is done within milliseconds; a slow machine takes seconds. */
const STATE_MS_MAX = 20_000
/** A node that has gone is noticed at once; the attempt after that is worth a look at the trace. */
const ATTEMPT_MS_MAX = 2_000
/** Between two looks at something that no event tells of. */
const LOOK_MS = 50

/** @returns how many messages there were. @throws SkeinError when something does not happen, or is not the same on both sides */
export async function tellStory (story: Story): Promise<number> {
  await makeAccounts(story)
  await startNodes(story)
  await meet(story)
  await talk(story)
  const waiting = await loseBob(story)
  await findBob(story, waiting)
  await useRelays(story)
  await missEachOther(story)
  return await compare(story)
}

async function makeAccounts ({ ana, bob, tell }: Story): Promise<void> {
  await tell.scene('Two accounts', 'Made on this computer. No number, no e-mail, nobody who could take them away.')
  const accounts = await Promise.all([ana, bob].map(async person => ({ ...await person.init(), who: person.alias, home: person.home })))
  for (const account of accounts) await tell.step('account', account, tell.line(account.who, `${tell.beginning(account.account, 16)}  in ${account.home}`))
}

async function startNodes ({ ana, bob, tell }: Story): Promise<void> {
  await tell.scene('Two nodes', 'Two processes that share nothing but the network of this computer.')
  const nodes = await Promise.all([ana, bob].map(async person => ({ who: person.alias, node: await person.up() })))
  for (const { who, node: { pid, ready } } of nodes) await tell.step('node', { who, pid, ...ready }, tell.line(who, `process ${pid} at ${ready.addresses.join(' ')}`))
}

async function meet (story: Story): Promise<void> {
  const { ana, bob, tell } = story
  await tell.scene('They meet', 'Bob hands Ana his invite link, as a text or a QR code. She asks, he accepts.')
  const { link } = await bob.api.call('me.card', {})
  await tell.step('invite', { who: bob.alias, link }, tell.line(bob.alias, tell.beginning(link, 60)))
  await ana.api.call('contact.add', { link, as: bob.alias, text: 'Ana here, from the ferry' })
  const request = await seen(story, 'the request', async () => (await bob.api.call('requests.list', {})).requests[0])
  await tell.step('request', { who: bob.alias, request }, tell.line(bob.alias, `has a request by ${oneLine(request.name)}: "${oneLine(request.text)}"`))
  await bob.api.call('requests.accept', { id: request.id, as: ana.alias })
  const contact = await seen(story, 'the acceptance', async () => (await ana.api.call('contact.list', {})).contacts.find(({ standing }) => standing === 'accepted'))
  await tell.step('accepted', { who: ana.alias, contact }, tell.line(bob.alias, `accepts, and ${ana.name} knows`))
}

async function talk (story: Story): Promise<void> {
  const { ana, bob, tell } = story
  await tell.scene('They talk', 'From node to node, end-to-end encrypted, and every message says where it is.')
  const question = await say(story, ana, { text: 'Are we still on for Saturday?' })
  await tell.state(question.id, 'queued', { remark: `on ${ana.name}'s disk: from now on it cannot be lost` })
  await arrives(story, ana, question.id)
  await isRead(story, ana, question.id)
  const answer = await say(story, bob, { text: 'Yes. The ferry goes at 08:40', replyTo: question })
  await arrives(story, bob, answer.id)
  await isRead(story, bob, answer.id)

  const emoji = tell.look.isAscii ? '+1' : '♥'
  await ana.api.call('react', { id: answer.id, emoji })
  await seen(story, 'the reaction', async () => (await shown(bob, answer.id)).reactions.find(reaction => reaction.emoji === emoji))
  await tell.step('reaction', { from: ana.alias, id: answer.id, emoji }, tell.line(ana.alias, `${emoji}  to "${oneLine(answer.text)}", and ${bob.name} sees it`))

  const text = 'Are we still on for Sunday?'
  await ana.api.call('edit', { id: question.id, text })
  const edited = await seen(story, 'the edit', async () => await shownIf(bob, question.id, message => message.edited))
  await tell.step('edit', { from: ana.alias, id: question.id, text: edited.text }, tell.line(ana.alias, `edits her question, and ${bob.name} reads: "${oneLine(edited.text)}"`))
}

async function loseBob (story: Story): Promise<MessageView> {
  const { ana, bob, tell } = story
  await tell.scene('Bob is away', `His process is stopped. What ${ana.name} writes waits in her outbox, on disk.`)
  await bob.down()
  await tell.step('stopped', { who: bob.alias }, tell.line(bob.alias, 'his process has ended'))
  const message = await say(story, ana, { text: 'Leaving now, with the 14:50 bus' })
  await tell.state(message.id, 'queued', { remark: `safe here, until ${bob.name} is back` })
  await tell.trace(await traceWithAttempt(story, message.id), bob.alias)
  return message
}

async function findBob (story: Story, { id }: MessageView): Promise<void> {
  const { ana, bob, tell } = story
  await tell.scene('Bob is back', 'His node starts again, and what waited for him arrives, once.')
  const { pid } = await bob.up()
  const upAtMs = Date.now()
  await tell.step('started', { who: bob.alias, pid }, tell.line(bob.alias, `process ${pid}`))
  await reaches(ana, id, 'delivered')
  const afterBackMs = Date.now() - upAtMs
  await tell.state(id, 'delivered', { remark: `on ${bob.name}'s disk, ${afterBackMs} ms after he was back`, afterMs: afterMs(await ana.api.call('message.trace', { id }), 'delivered') })
  await isRead(story, ana, id)
  await tell.trace(await ana.api.call('message.trace', { id }), bob.alias)
}

async function useRelays ({ ana, bob, relays, tell }: Story): Promise<void> {
  await tell.scene('Three relays', 'Anyone can run one. They keep what is sealed for somebody who is away, and cannot read it.')
  const running = await Promise.all(relays.map(async relay => ({ name: relay.name, ...await relay.up() })))
  for (const { name, pid, address } of running) await tell.step('relay', { who: name, pid, address }, `${name}  process ${pid} at ${address.replace(/\/p2p\/.*/, '')}`)
  for (const person of [ana, bob]) {
    for (const { address } of running) await person.api.call('relays.add', { address })
    await tell.step('mailboxes', { who: person.alias, relays: running.length }, tell.line(person.alias, `has a mailbox at each of them, and ${person === ana ? bob.name : ana.name} is told`))
  }
}

async function missEachOther (story: Story): Promise<void> {
  const { ana, bob, tell } = story
  await tell.scene('Never there together', `${bob.name} is away. ${ana.name} writes and goes, too; then he comes back.`)
  await knowsRelays(story, ana, bob)
  await bob.down()
  await tell.step('stopped', { who: bob.alias }, tell.line(bob.alias, 'his process has ended'))
  const { id } = await say(story, ana, { text: 'Caught the earlier one, see you at the pier' })
  await seen(story, 'three copies', async () => ((await shown(ana, id)).copies === story.relays.length ? true : undefined))
  await tell.state(id, 'stored', { remark: `sealed at ${story.relays.length} of ${story.relays.length} relays, signed by each`, afterMs: afterMs(await ana.api.call('message.trace', { id }), 'stored') })
  await ana.down()
  await tell.step('stopped', { who: ana.alias }, tell.line(ana.alias, 'her process has ended as well: nobody but the relays has it now'))
  const { pid } = await bob.up()
  const upAtMs = Date.now()
  const arrived = await seen(story, 'the message', async () => await shownIf(bob, id, () => true))
  await tell.step('started', { who: bob.alias, pid, afterMs: Date.now() - upAtMs }, tell.line(bob.alias, `process ${pid}; ${Date.now() - upAtMs} ms later he has it: "${oneLine(arrived.text)}"`))
  await ana.up()
  await reaches(ana, id, 'delivered')
  await tell.state(id, 'delivered', { remark: `${bob.name}'s receipt, sealed, waited at the relays for ${ana.name}` })
  await tell.trace(await ana.api.call('message.trace', { id }), bob.alias)
}

/** What one has been told of the other's relays: it travels as any message does. */
async function knowsRelays (story: Story, person: Person, of: Person): Promise<void> {
  await seen(story, 'the relays', async () => ((await person.api.call('contact.show', { who: of.alias })).relays.length === story.relays.length ? true : undefined))
}

/** What both have on disk must be the same, each message once. */
async function compare ({ ana, bob, tell }: Story): Promise<number> {
  await tell.scene('Both have the same', `This is on ${bob.name}'s disk, as skein read prints it.`)
  const [anas, bobs] = await Promise.all([conversation(ana, bob), conversation(bob, ana)])
  const isSame = anas.map(fingerprint).join() === bobs.map(fingerprint).join()
  if (!isSame) throw new SkeinError(`${ana.name} and ${bob.name} do not have the same messages`, { code: 'assertion', exit: EXIT.assertion })
  await tell.step('same', { messages: bobs }, conversationLines(bobs, tell.look).join('\n'))
  return bobs.length
}

async function conversation (person: Person, other: Person): Promise<readonly MessageView[]> {
  return (await person.api.call('read', { with: other.alias, limit: 100 })).messages
}

function fingerprint ({ id, from, text, edited, replyTo, reactions }: MessageView): string {
  return JSON.stringify([id, from, text, edited, replyTo, reactions])
}

interface Words { readonly text: string, readonly replyTo?: MessageView }

/** Sends to the other one. The message is on disk when this returns. */
async function say (story: Story, from: Person, { text, replyTo }: Words): Promise<MessageView> {
  const to = other(story, from)
  const { id } = await from.api.call('send', { to: to.alias, text, ...replyTo !== undefined && { replyTo: replyTo.id } })
  const message = await shown(from, id)
  await story.tell.message('sent', from.alias, { id, to: to.alias, text: bodyOf(message), ...replyTo !== undefined && { replyTo } })
  return message
}

async function arrives (story: Story, from: Person, id: string): Promise<void> {
  await reaches(from, id, 'delivered')
  const trace = await from.api.call('message.trace', { id })
  await story.tell.state(id, 'delivered', { remark: `${other(story, from).name}'s node has it on disk and signed for it`, afterMs: afterMs(trace, 'delivered') })
}

/** The other one opens the conversation. */
async function isRead (story: Story, from: Person, id: string): Promise<void> {
  const reader = other(story, from)
  await seen(story, 'the message', async () => await shownIf(reader, id, () => true))
  await reader.api.call('read', { with: from.alias, mark: true, limit: 100 })
  await reaches(from, id, 'read')
  const trace = await from.api.call('message.trace', { id })
  await story.tell.state(id, 'read', { remark: `${reader.name} opened it`, afterMs: afterMs(trace, 'read') })
}

/** @throws TimeoutError */
async function reaches (from: Person, id: string, state: 'delivered' | 'read'): Promise<void> {
  const answer = await from.api.call('wait', { id, state, timeoutMs: STATE_MS_MAX })
  if (!answer.isReached) throw new TimeoutError(`a message is still ${answer.state} after ${STATE_MS_MAX / 1000} s, not ${state}`, answer.reason)
}

/** The trace with the first attempt that failed in it, if that does not take long. */
async function traceWithAttempt ({ ana, interrupted }: Story, id: string): Promise<Trace> {
  const untilMs = Date.now() + ATTEMPT_MS_MAX
  for (;;) {
    const trace = await ana.api.call('message.trace', { id })
    if (trace.steps.some(({ step }) => step === 'unreachable') || Date.now() > untilMs) return trace
    await delay(LOOK_MS, undefined, { signal: interrupted })
  }
}

/** Looks until there is something. @throws TimeoutError */
async function seen<Thing> ({ interrupted }: Story, what: string, look: () => Promise<Thing | undefined>): Promise<Thing> {
  const untilMs = Date.now() + STATE_MS_MAX
  for (;;) {
    const thing = await look()
    if (thing !== undefined) return thing
    if (Date.now() > untilMs) throw new TimeoutError(`${what} has not come after ${STATE_MS_MAX / 1000} s`)
    await delay(LOOK_MS, undefined, { signal: interrupted })
  }
}

async function shown (person: Person, id: string): Promise<MessageView> {
  return (await person.api.call('message.show', { id })).message
}

async function shownIf (person: Person, id: string, isIt: (message: MessageView) => boolean): Promise<MessageView | undefined> {
  try {
    const message = await shown(person, id)
    return isIt(message) ? message : undefined
  } catch (thrown) {
    if (thrown instanceof SkeinError && thrown.exit === EXIT.notFound) return undefined
    throw thrown
  }
}

function other ({ ana, bob }: Story, person: Person): Person {
  return person === ana ? bob : ana
}
