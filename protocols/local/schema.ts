/**
 * Shapes that the local API's operations share, as JSON Schema: the server validates with them, the OpenAPI document is made
 * of them, and the types of every client are derived from them. Law: docs/protocols/local.md.
 */
import type { FromSchema } from 'json-schema-to-ts'

/** Who: `@alias`, an alias or profile name without the @ (case-insensitive), or an account id. */
export const WHO = { type: 'string', minLength: 1, maxLength: 256, description: 'An alias or profile name with or without @, case-insensitive, or an account id.' } as const

/** A message id, or its first characters when they are unambiguous. */
export const MESSAGE_ID = { type: 'string', pattern: '^[0-9A-Za-z]{4,26}$', description: 'A message id, or at least its first 4 characters when they are unambiguous.' } as const

/** ISO 8601, UTC, milliseconds. */
export const INSTANT = { type: 'string', format: 'date-time' } as const

export const DELIVERY_STATE = { enum: ['queued', 'stored', 'delivered', 'read', 'failed', 'expired', 'cancelled'] } as const
export type DeliveryState = FromSchema<typeof DELIVERY_STATE>

const MESSAGE_STATE = { enum: [...DELIVERY_STATE.enum, 'unread'] } as const

export const CONTACT_VIEW = {
  type: 'object',
  additionalProperties: false,
  required: ['account', 'label', 'standing', 'isVerified', 'isKeyChanged', 'unread', 'isConnected', 'createdAt'],
  properties: {
    account: { type: 'string', description: 'Account id.' },
    label: { type: 'string', description: 'What to call them: the alias, else their profile name, else the start of the account id.' },
    alias: { type: 'string' },
    name: { type: 'string', description: 'Their own profile name.' },
    standing: { enum: ['requested', 'pending', 'accepted', 'blocked', 'removed'] },
    isVerified: { type: 'boolean', description: 'The safety number of the present key was compared.' },
    isKeyChanged: { type: 'boolean', description: 'Their signing key changed and nobody has looked at it yet: sending is stopped.' },
    unread: { type: 'integer' },
    isConnected: { type: 'boolean', description: 'A direct connection to one of their devices is open now.' },
    devices: { type: 'integer', description: 'Devices in their accepted list.' },
    lastMessageAt: INSTANT,
    createdAt: INSTANT
  }
} as const
export type ContactView = FromSchema<typeof CONTACT_VIEW>

/** A file of a message, and where it is. */
export const ATTACHMENT_VIEW = {
  type: 'object',
  additionalProperties: false,
  required: ['cid', 'name', 'bytes', 'type', 'state', 'parts', 'partsHeld', 'isPinned'],
  properties: {
    cid: { type: 'string', description: 'Of the blob, as IPFS writes it.' },
    name: { type: 'string', description: 'As its author calls it, made safe to be shown: no path.' },
    bytes: { type: 'integer' },
    type: { type: 'string', description: 'Media type, as the author\'s node saw it; a hint.' },
    state: { enum: ['waiting', 'fetching', 'here', 'gone'], description: 'Whether it is on this machine. waiting: nobody has asked for it; gone: nobody has it any more.' },
    parts: { type: 'integer', description: 'Of 1 MiB.' },
    partsHeld: { type: 'integer', description: 'Of these, on this machine.' },
    detail: { type: 'string', description: 'What stands in the way, in words.' },
    isPinned: { type: 'boolean', description: 'Kept, whatever the limit of the cache.' },
    width: { type: 'integer', description: 'Pixels.' },
    height: { type: 'integer' },
    durationMs: { type: 'integer' },
    isVoice: { type: 'boolean' },
    thumbhash: { type: 'string', description: 'A blurred placeholder, base64.' },
    copies: { type: 'integer', description: 'Of an own one: relays that have signed that they keep it.' },
    copiesOf: { type: 'integer', description: 'Relays that were asked to.' },
    copiesEnough: { type: 'integer', description: 'Copies that make it safe to leave it there.' },
    partsStored: { type: 'integer', description: 'Of an own one that is on its way to relays: parts at the one that is furthest.' },
    keepUntil: { ...INSTANT, description: 'The first of these lets go of it then.' },
    isFetched: { type: 'boolean', description: 'Of an own one: the recipient has it.' }
  }
} as const
export type AttachmentView = FromSchema<typeof ATTACHMENT_VIEW>

export const MESSAGE_VIEW = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'with', 'from', 'fromLabel', 'isOwn', 'kind', 'text', 'state', 'sentAt', 'receivedAt', 'edited', 'deleted', 'replyTo', 'reactions', 'isAfterGap'],
  properties: {
    id: { type: 'string' },
    with: { type: 'string', description: 'Account id of the contact whose conversation this is.' },
    from: { type: 'string', description: 'Account id of the author.' },
    fromLabel: { type: 'string', description: 'Label of the author; "me" for ourselves.' },
    isOwn: { type: 'boolean' },
    kind: { enum: ['text', 'media', 'unsupported'], description: 'media: with files; unsupported: written by a newer version; update to read it.' },
    text: { type: 'string', description: 'As edited; empty when deleted.' },
    state: MESSAGE_STATE,
    reason: { type: 'string', description: 'Why it failed.' },
    copies: { type: 'integer', description: 'Of an own message that waits: relays that have signed that they keep it, of the device that is worst off. Absent where none can keep it.' },
    copiesOf: { type: 'integer', description: 'Relays of the recipient.' },
    copiesEnough: { type: 'integer', description: 'Copies that make it stored.' },
    sentAt: INSTANT,
    receivedAt: INSTANT,
    deliveredAt: INSTANT,
    edited: { type: 'boolean' },
    editedAt: INSTANT,
    deleted: { type: 'boolean' },
    replyTo: { type: ['string', 'null'] },
    reactions: {
      type: 'array',
      items: { type: 'object', additionalProperties: false, required: ['from', 'emoji'], properties: { from: { type: 'string', description: 'Account id.' }, emoji: { type: 'string' } } }
    },
    attachments: { type: 'array', items: ATTACHMENT_VIEW, description: 'Of media.' },
    isAfterGap: { type: 'boolean', description: 'A message that came before this one has not arrived yet.' }
  }
} as const
export type MessageView = FromSchema<typeof MESSAGE_VIEW>

export const REQUEST_VIEW = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'account', 'name', 'text', 'receivedAt'],
  properties: {
    id: { type: 'string' },
    account: { type: 'string' },
    name: { type: 'string', description: 'The name they claim.' },
    text: { type: 'string', description: 'At most 500 bytes, shown inert.' },
    receivedAt: INSTANT
  }
} as const
export type RequestView = FromSchema<typeof REQUEST_VIEW>

/** One of our relays. */
export const RELAY_VIEW = {
  type: 'object',
  additionalProperties: false,
  required: ['peerId', 'address', 'addresses', 'name', 'state', 'addedAt'],
  properties: {
    peerId: { type: 'string' },
    address: { type: 'string', description: 'The best one, as it was given: a multiaddr that ends in /p2p/ and the peer id.' },
    addresses: { type: 'array', items: { type: 'string' } },
    name: { type: 'string', description: 'What it calls itself; may be empty.' },
    state: { enum: ['open', 'connecting', 'unreachable', 'leaving', 'offline'], description: 'open: our mailbox there is open now; unreachable: it is tried again; leaving: being emptied and given up; offline: this node is not on the network.' },
    waiting: { type: 'integer', description: 'Envelopes that wait for us there, as it said last.' },
    trouble: { type: 'string', description: 'Why it is not open, in words.' },
    skewMs: { type: 'integer', description: 'How far its clock is ahead of ours.' },
    addedAt: INSTANT,
    answeredAt: { ...INSTANT, description: 'When it answered last.' }
  }
} as const
export type RelayView = FromSchema<typeof RELAY_VIEW>

/** What a look at a relay has shown. */
export const RELAY_TEST = {
  type: 'object',
  additionalProperties: false,
  required: ['peerId', 'address', 'name', 'isReachable', 'problems'],
  properties: {
    peerId: { type: 'string' },
    address: { type: 'string' },
    name: { type: 'string' },
    isReachable: { type: 'boolean' },
    ms: { type: 'number', description: 'One question and its answer.' },
    skewMs: { type: 'integer', description: 'How far its clock is ahead of ours.' },
    admission: { type: 'string', description: 'Whom it takes: open, code, list.' },
    takesMailboxes: { type: 'boolean', description: 'Whether it takes new ones now.' },
    limits: { type: 'object', additionalProperties: false, required: ['items', 'bytes', 'days'], properties: { items: { type: 'integer' }, bytes: { type: 'integer' }, days: { type: 'integer' } }, description: 'Of one mailbox.' },
    problems: { type: 'array', items: { type: 'string' } }
  }
} as const
export type RelayTest = FromSchema<typeof RELAY_TEST>

export const TRACE_STEP = {
  type: 'object',
  additionalProperties: false,
  required: ['at', 'step', 'text'],
  properties: {
    at: INSTANT,
    step: { type: 'string', description: 'Stable word: queued, waiting, sealed, dialing, sent, delivered, refused, retry, unreachable, read, cancelled, …' },
    device: { type: 'string', description: 'Device id, when the step concerns one.' },
    text: { type: 'string', description: 'In words.' },
    cause: { type: 'string', description: 'Why, when it did not go well.' }
  }
} as const
export type TraceStep = FromSchema<typeof TRACE_STEP>

export const EVENT_TYPES = ['message.received', 'message.state', 'message.changed', 'message.read', 'attachment.state', 'request.received', 'contact.added', 'contact.accepted', 'contact.changed',
  'contact.key_changed', 'contact.devices_changed', 'node.trouble'] as const

export const EVENT_VIEW = {
  type: 'object',
  additionalProperties: false,
  required: ['cursor', 'type', 'at'],
  properties: {
    cursor: { type: 'string', description: 'Acknowledge it, and the stream goes on after this event.' },
    type: { enum: EVENT_TYPES },
    at: INSTANT,
    with: { type: 'string', description: 'Account id of the contact concerned.' },
    message: MESSAGE_VIEW,
    request: REQUEST_VIEW,
    contact: CONTACT_VIEW,
    text: { type: 'string', description: 'In words, where the type does not say it all.' }
  }
} as const
export type EventView = FromSchema<typeof EVENT_VIEW>

export const STATUS_VIEW = {
  type: 'object',
  additionalProperties: false,
  required: ['account', 'device', 'name', 'peerId', 'addresses', 'version', 'pid', 'home', 'startedAt', 'connections', 'contacts', 'requests', 'unread', 'outbox', 'search', 'trouble'],
  properties: {
    account: { type: 'string' },
    device: { type: 'string' },
    name: { type: 'string' },
    peerId: { type: 'string' },
    addresses: { type: 'array', items: { type: 'string' } },
    version: { type: 'string' },
    pid: { type: 'integer' },
    home: { type: 'string' },
    startedAt: INSTANT,
    connections: { type: 'integer', description: 'Open direct connections.' },
    contacts: { type: 'integer' },
    requests: { type: 'integer' },
    unread: { type: 'integer' },
    outbox: {
      type: 'object',
      additionalProperties: false,
      required: ['open'],
      properties: { open: { type: 'integer', description: 'Envelopes not settled.' }, oldestAt: INSTANT, nextTryAt: INSTANT }
    },
    search: { type: 'object', additionalProperties: false, required: ['behind'], properties: { behind: { type: 'integer', description: 'Messages not in the index yet; they are found all the same.' } } },
    trouble: { type: 'array', items: { type: 'string' }, description: 'What needs you, in words: a full disk, a changed key, no network.' }
  }
} as const
export type StatusView = FromSchema<typeof STATUS_VIEW>
