/** A node of the imagination: the part of the local API that the chat client uses, over conversations in memory. */
import { NotFoundError, RefusedError, UnreachableError } from '../../../protocols/core/errors.ts'
import type { LocalApi, OperationName, Params, Result } from '../../../protocols/local/operations.ts'
import type { ContactView, EventView, MessageView, RequestView, StatusView } from '../../../protocols/local/schema.ts'

export const ME = 'a'.repeat(52)
/** Wednesday. */
export const NOW_MS = Date.UTC(2026, 10, 25, 14, 33)

export function contact (label: string, more: Partial<ContactView> = {}): ContactView {
  return { account: accountOf(label), label, standing: 'accepted', isVerified: false, isKeyChanged: false, unread: 0, isConnected: false, createdAt: new Date(NOW_MS).toISOString(), ...more }
}

export function accountOf (label: string): string {
  return Buffer.from(label).toString('hex').replace(/\d/g, digit => 'ghijklmnop'.charAt(Number(digit))).padEnd(52, 'z').slice(0, 52)
}

let made = 0

/** An id that sorts as it was made. */
function messageId (): string {
  made++
  return `01JD8${String(made).padStart(21, '0')}`
}

export function message (from: ContactView, text: string, more: Partial<MessageView> & { readonly atMs?: number } = {}): MessageView {
  const { atMs = NOW_MS, ...rest } = more
  const at = new Date(atMs).toISOString()
  const isOwn = rest.isOwn ?? false
  return {
    id: messageId(),
    with: from.account,
    from: isOwn ? ME : from.account,
    fromLabel: isOwn ? 'me' : from.label,
    isOwn,
    kind: 'text',
    text,
    state: isOwn ? 'delivered' : 'read',
    sentAt: at,
    receivedAt: at,
    edited: false,
    deleted: false,
    replyTo: null,
    reactions: [],
    isAfterGap: false,
    ...rest
  }
}

export function status (more: Partial<StatusView> = {}): StatusView {
  return { account: ME, device: 'd', name: 'ana', peerId: 'p', addresses: [], version: '0.1.0', pid: 1, home: '/home', startedAt: new Date(NOW_MS).toISOString(), connections: 0, contacts: 0, requests: 0, unread: 0, outbox: { open: 0 }, search: { behind: 0 }, trouble: [], ...more }
}

type Answers = { readonly [Name in OperationName]?: (params: Params<Name>) => Result<Name> }

/** What a test may do to it and look at. */
export class FakeNode implements LocalApi {
  readonly contacts: ContactView[] = []
  readonly messages = new Map<string, MessageView[]>()
  readonly requests: RequestView[] = []
  readonly calls: { readonly name: OperationName, readonly params: unknown }[] = []
  isDown = false
  /** The reason with which the next send is refused. */
  refusesNextSend: string | undefined
  /** The next send is done, but its answer does not arrive. */
  losesNextAnswer = false
  outboxOpen = 0
  readonly trouble: string[] = []
  private readonly keys = new Map<string, string>()
  private readonly waiting: EventView[] = []
  private wake: () => void = () => undefined
  private breaks = false

  addContact (made: ContactView, messages: readonly MessageView[] = []): void {
    this.contacts.push(made)
    this.messages.set(made.account, [...messages])
  }

  addRequest (name: string, text: string): void {
    this.requests.push({ id: `r-${name}`, account: accountOf(name), name, text, receivedAt: new Date(NOW_MS).toISOString() })
  }

  /** A message arrives from outside. */
  receive (label: string, text: string, atMs = NOW_MS): MessageView {
    const from = this.contact(accountOf(label))
    const arrived = message(from, text, { state: 'unread', atMs })
    this.listOf(from.account).push(arrived)
    this.emit({ type: 'message.received', with: from.account, message: arrived })
    return arrived
  }

  /** An own message changes its state, or any message changes. */
  change (id: string, change: Partial<MessageView>, type: EventView['type'] = 'message.state'): void {
    const found = this.find(id)
    const changed = { ...found, ...change }
    const list = this.listOf(found.with)
    list[list.indexOf(found)] = changed
    this.emit({ type, with: changed.with, message: changed })
  }

  changeContact (label: string, change: Partial<ContactView>, type: EventView['type'] = 'contact.changed'): void {
    const index = this.contacts.findIndex(other => other.label === label)
    const changed = { ...this.contact(accountOf(label)), ...change }
    this.contacts[index] = changed
    this.emit({ type, with: changed.account, contact: changed })
  }

  emit (event: Omit<EventView, 'cursor' | 'at'>): void {
    this.waiting.push({ cursor: String(this.waiting.length), at: new Date(NOW_MS).toISOString(), ...event })
    this.wake()
  }

  /** The events that nobody has followed yet. */
  takeEvents (): EventView[] {
    return this.waiting.splice(0)
  }

  goDown (): void {
    this.isDown = true
    this.breaks = true
    this.wake()
  }

  comeUp (): void {
    this.isDown = false
    this.breaks = false
  }

  async * follow (signal: AbortSignal): AsyncGenerator<EventView> {
    signal.addEventListener('abort', () => { this.wake() })
    while (!signal.aborted && !this.breaks) {
      const event = this.waiting.shift()
      if (event !== undefined) yield event
      else await new Promise<void>(resolve => { this.wake = resolve })
    }
    if (this.isDown) throw new UnreachableError('the node went away')
  }

  async call<Name extends OperationName> (name: Name, params: Params<Name>): Promise<Result<Name>> {
    await Promise.resolve()
    this.calls.push({ name, params })
    if (this.isDown) throw new UnreachableError('no node runs here', 'Start it: skein up')
    const answer = this.answers[name] as ((given: Params<Name>) => Result<Name>) | undefined
    if (answer === undefined) throw new NotFoundError(`${name} is not imagined`)
    const answered = answer(params)
    if (name !== 'send' || !this.losesNextAnswer) return answered
    this.losesNextAnswer = false
    throw new UnreachableError('the node went away before it answered')
  }

  private readonly answers: Answers = {
    status: () => status({ outbox: { open: this.outboxOpen }, trouble: this.trouble, requests: this.requests.length }),
    conversations: () => ({ conversations: this.overview() }),
    'contact.list': () => ({ contacts: this.contacts.map(made => this.contact(made.account)) }),
    'contact.show': ({ who }) => ({ contact: this.byName(who), devices: [], relays: [] }),
    'requests.list': () => ({ requests: [...this.requests] }),
    'requests.accept': ({ id }) => {
      const request = this.takeRequest(id)
      const made = { ...contact(request.name), account: request.account }
      this.addContact(made)
      return { contact: made }
    },
    'requests.reject': ({ id }) => {
      this.takeRequest(id)
      return {}
    },
    read: params => this.read(params),
    'mark-read': params => this.markRead(params),
    send: params => this.send(params),
    edit: ({ id, text }) => this.changed(id, { text, edited: true }),
    delete: ({ id }) => this.changed(id, { text: '', deleted: true }),
    react: ({ id, emoji }) => this.changed(id, { reactions: [...this.find(id).reactions.filter(({ from }) => from !== ME), ...(emoji === '' ? [] : [{ from: ME, emoji }])] }),
    search: ({ query, with: who }) => {
      const all = [...this.messages.entries()].flatMap(([account, list]) => who === undefined || who === account ? list : [])
      const found = all.filter(({ text }) => text.toLowerCase().includes(query.toLowerCase())).sort((left, right) => left.id < right.id ? 1 : -1)
      return { messages: found.slice(0, 50), hasMore: found.length > 50 }
    },
    'message.show': ({ id }) => ({ message: this.find(id) }),
    'message.trace': ({ id }) => ({
      message: this.find(id),
      headline: 'Waits on this computer. It is safe here.',
      steps: [
        { at: new Date(NOW_MS - 7_000).toISOString(), step: 'queued', text: 'saved on this computer' },
        { at: new Date(NOW_MS - 6_994).toISOString(), step: 'sealed', text: 'sealed for 2 devices' },
        { at: new Date(NOW_MS - 1_882).toISOString(), step: 'unreachable', text: 'direct', cause: 'phone: no answer in 5 s, laptop: away' }
      ],
      next: [
        { at: new Date(NOW_MS).toISOString(), step: 'waiting', text: 'waiting for Bob to come online' },
        { at: new Date(NOW_MS + 60_000).toISOString(), step: 'delivered', text: 'when a device of Bob acknowledges it' }
      ]
    }),
    'message.retry': ({ id }) => ({ message: this.find(id) }),
    'message.cancel': ({ id }) => {
      this.changed(id, { state: 'cancelled' })
      return { message: this.find(id) }
    }
  }

  private overview (): { contact: ContactView, last?: MessageView }[] {
    const all = this.contacts.map(made => {
      const last = this.listOf(made.account).at(-1)
      return { contact: this.contact(made.account), ...(last === undefined ? {} : { last }) }
    })
    return all.sort((left, right) => (right.last?.sentAt ?? '').localeCompare(left.last?.sentAt ?? ''))
  }

  private contact (account: string): ContactView {
    const found = this.contacts.find(made => made.account === account)
    if (found === undefined) throw new NotFoundError('no such contact')
    return { ...found, unread: this.listOf(account).filter(({ state }) => state === 'unread').length }
  }

  private byName (who: string): ContactView {
    const found = this.contacts.find(made => made.account === who || made.label.toLowerCase().startsWith(who.toLowerCase().replace(/^@/, '')))
    if (found === undefined) throw new NotFoundError(`nobody is called ${who}`)
    return this.contact(found.account)
  }

  private listOf (account: string): MessageView[] {
    const list = this.messages.get(account)
    if (list === undefined) throw new NotFoundError('no such conversation')
    return list
  }

  private find (id: string): MessageView {
    const found = [...this.messages.values()].flat().find(candidate => candidate.id === id)
    if (found === undefined) throw new NotFoundError('no such message')
    return found
  }

  private changed (id: string, change: Partial<MessageView>): { id: string, state: 'queued' } {
    this.change(id, change, 'message.changed')
    return { id, state: 'queued' }
  }

  private takeRequest (id: string): RequestView {
    const index = this.requests.findIndex(request => request.id === id)
    const [request] = this.requests.splice(index, 1)
    if (request === undefined) throw new NotFoundError('no such request')
    return request
  }

  private read ({ with: who, limit = 50, before, after }: Params<'read'>): Result<'read'> {
    const list = this.listOf(who)
    if (after !== undefined) {
      const from = list.findIndex(({ id }) => id === after) + 1
      return { messages: list.slice(from, from + limit), hasMore: from + limit < list.length }
    }
    const to = before === undefined ? list.length : list.findIndex(({ id }) => id === before)
    const from = Math.max(0, to - limit)
    return { messages: list.slice(from, to), hasMore: from > 0 }
  }

  private markRead ({ with: who, upTo }: Params<'mark-read'>): Result<'mark-read'> {
    const list = this.listOf(who)
    const last = upTo === undefined ? list.length - 1 : list.findIndex(({ id }) => id === upTo)
    let marked = 0
    for (const [index, found] of list.entries()) {
      if (index > last || found.state !== 'unread') continue
      list[index] = { ...found, state: 'read' }
      marked++
    }
    return { marked }
  }

  private send ({ to, text, replyTo, idempotencyKey = '' }: Params<'send'>): Result<'send'> {
    const known = this.keys.get(idempotencyKey)
    if (known !== undefined) return { id: known, state: 'queued' }
    if (this.refusesNextSend !== undefined) {
      const reason = this.refusesNextSend
      this.refusesNextSend = undefined
      throw new RefusedError(reason, 'Try again later.')
    }
    const sent = message(this.contact(to), text, { isOwn: true, state: 'queued', replyTo: replyTo ?? null })
    this.listOf(to).push(sent)
    if (idempotencyKey !== '') this.keys.set(idempotencyKey, sent.id)
    return { id: sent.id, state: 'queued' }
  }
}
