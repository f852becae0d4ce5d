/** Carries out what the chat asks for, through the local API and nothing else, and answers with inputs. */
import { randomUUID } from 'node:crypto'
import { asError, SkeinError } from '../../protocols/core/errors.ts'
import type { LocalApi } from '../../protocols/local/operations.ts'
import type { ContactView, MessageView } from '../../protocols/local/schema.ts'
import type { Conversation, Effect, Input, Reach } from './shape.ts'
import type { Page } from './window.ts'

export interface ModelOptions {
  readonly api: LocalApi
  readonly dispatch: (input: Input) => void
  /** Wall clock in milliseconds. */
  readonly now: () => number
  /** Resolves after a time; rejects never. */
  readonly pause: (delayMs: number) => Promise<void>
}

/** Does one effect. Rejects only for bugs: faults of the node become `failed` inputs. */
export type Perform = (effect: Effect) => Promise<void>

/** A burst of events asks for one refresh now and one after this. */
const REFRESH_GAP_MS = 250
const FOUND_MAX = 100

export function startModel (options: ModelOptions): Perform {
  const { dispatch, pause } = options
  const attempt = async (effect: Effect): Promise<void> => {
    // Made here, so that a failure can say under which key the text went out.
    const key = effect.do === 'send' && effect.key !== undefined ? effect.key : randomUUID()
    try {
      const input = await perform(options, effect, key)
      if (input !== undefined) dispatch(input)
    } catch (thrown) {
      if (!(thrown instanceof SkeinError)) throw asError(thrown)
      dispatch({ type: 'failed', effect, key, reason: thrown.message, hint: thrown.hint })
    }
  }
  const refresh = overtaking(async (effect: Effect) => {
    await attempt(effect)
    await pause(REFRESH_GAP_MS)
  })
  const searchLast = overtaking(attempt)
  return async effect => {
    const run = effect.do === 'refresh' ? refresh : effect.do === 'search' ? searchLast : attempt
    await run(effect)
  }
}

/** Everything that the list shows. */
export async function readOverview (api: LocalApi): Promise<Omit<Extract<Input, { readonly type: 'refreshed' }>, 'type'>> {
  const [status, { conversations }, { contacts }, { requests }] = await Promise.all([
    api.call('status', {}), api.call('conversations', {}), api.call('contact.list', {}), api.call('requests.list', {})
  ])
  const listed = new Set(conversations.map(({ contact }) => contact.account))
  const silent = contacts.filter(contact => !listed.has(contact.account) && isCurrent(contact))
  // Who was declined leaves nothing to read.
  const withMessages = conversations.filter(({ contact, last }) => last !== undefined || isCurrent(contact)).map(({ contact, last }): Conversation => ({ contact, last }))
  return { status, requests, conversations: [...withMessages, ...silent.map((contact): Conversation => ({ contact, last: undefined }))] }
}

function isCurrent ({ standing }: ContactView): boolean {
  return standing === 'accepted' || standing === 'requested'
}

/** Runs one at a time; of those that come meanwhile only the last one is done. */
function overtaking (run: (effect: Effect) => Promise<void>): Perform {
  let waiting: Effect | undefined
  let isRunning = false
  return async effect => {
    waiting = effect
    if (isRunning) return
    isRunning = true
    try {
      while (waiting !== undefined) {
        const next: Effect = waiting
        waiting = undefined
        await run(next)
      }
    } finally {
      isRunning = false
    }
  }
}

/** What the node answered, as an input. */
async function perform (options: ModelOptions, effect: Effect, key: string): Promise<Input | undefined> {
  const { api } = options
  switch (effect.do) {
    case 'refresh': return { type: 'refreshed', ...await readOverview(api) }
    case 'load': return { type: 'loaded', account: effect.account, ...await readPage(api, effect) }
    case 'quote': return { type: 'quoted', messages: await readQuotes(api, effect.ids) }
    case 'markRead': {
      await api.call('mark-read', { with: effect.account, upTo: effect.upTo })
      return { type: 'marked', account: effect.account, upTo: effect.upTo }
    }
    case 'send': return await send(options, effect, key)
    case 'edit': return await changed(api, effect.id, api.call('edit', { id: effect.id, text: effect.text }))
    case 'delete': return await changed(api, effect.id, api.call('delete', { id: effect.id }))
    case 'react': return await changed(api, effect.id, api.call('react', { id: effect.id, emoji: effect.emoji }))
    case 'retry': return await changed(api, effect.id, api.call('message.retry', { id: effect.id }))
    case 'cancel': return await changed(api, effect.id, api.call('message.cancel', { id: effect.id }))
    case 'trace': return { type: 'traced', id: effect.id, trace: await api.call('message.trace', { id: effect.id }) }
    case 'search': return await search(api, effect)
    case 'answer': return await answer(api, effect)
    case 'quit': return undefined
  }
}

async function send ({ api, dispatch, now }: ModelOptions, effect: Extract<Effect, { readonly do: 'send' }>, key: string): Promise<Input> {
  const { account, text, replyTo } = effect
  dispatch({ type: 'sending', account, sending: { key, text, replyTo, startedAtMs: now() } })
  const { id } = await api.call('send', { to: account, text, idempotencyKey: key, ...(replyTo === undefined ? {} : { replyTo }) })
  return { type: 'sent', account, key, message: await messageOrNothing(api, id) }
}

async function changed (api: LocalApi, id: string, change: Promise<unknown>): Promise<Input> {
  await change
  const { message } = await api.call('message.show', { id })
  return { type: 'changed', message }
}

async function readPage (api: LocalApi, { account, reach, limit }: Extract<Effect, { readonly do: 'load' }>): Promise<Page> {
  switch (reach.to) {
    case 'latest': return page(reach, await api.call('read', { with: account, limit }))
    case 'older': return page(reach, await api.call('read', { with: account, limit, before: reach.before }))
    case 'newer': return page(reach, await api.call('read', { with: account, limit, after: reach.after }))
    case 'around': {
      const [before, { message }, after] = await Promise.all([
        api.call('read', { with: account, limit, before: reach.id }), api.call('message.show', { id: reach.id }), api.call('read', { with: account, limit, after: reach.id })
      ])
      return { reach, messages: [...before.messages, message, ...after.messages], hasMore: before.hasMore, hasNewer: after.hasMore }
    }
  }
}

function page (reach: Reach, { messages, hasMore }: { readonly messages: readonly MessageView[], readonly hasMore: boolean }): Page {
  return { reach, messages, hasMore, hasNewer: false }
}

async function readQuotes (api: LocalApi, ids: readonly string[]): Promise<ReadonlyMap<string, MessageView | undefined>> {
  const messages = await Promise.all(ids.map(async id => [id, await messageOrNothing(api, id)] as const))
  return new Map(messages)
}

/** A message that the node may not have (any more). */
async function messageOrNothing (api: LocalApi, id: string): Promise<MessageView | undefined> {
  try {
    return (await api.call('message.show', { id })).message
  } catch (thrown) {
    if (thrown instanceof SkeinError) return undefined
    throw asError(thrown)
  }
}

async function search (api: LocalApi, { query, account }: Extract<Effect, { readonly do: 'search' }>): Promise<Input> {
  const { messages, hasMore } = await api.call('search', { query, limit: FOUND_MAX, ...(account === undefined ? {} : { with: account }) })
  return { type: 'found', account, found: { query, messages, hasMore } }
}

async function answer (api: LocalApi, { id, answer: given }: Extract<Effect, { readonly do: 'answer' }>): Promise<Input> {
  if (given === 'accept') {
    const { contact } = await api.call('requests.accept', { id })
    return { type: 'answered', id, answer: given, contact }
  }
  await api.call('requests.reject', { id, block: given === 'block' })
  return { type: 'answered', id, answer: given, contact: undefined }
}
