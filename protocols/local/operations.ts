/**
 * Every operation of the local API: `POST /v1/<name>` with a JSON body over the node's unix socket. The command line, the
 * chat client, the browser and foreign programs all speak this and nothing else. Law: docs/protocols/local.md.
 */
import type { FromSchema } from 'json-schema-to-ts'
import { FILES, MEDIA_OPERATIONS } from './media.ts'
import { DONE, NOTHING, ONE_ID, operation, SENT } from './operation.ts'
import { CONTACT_VIEW, DELIVERY_STATE, EVENT_VIEW, INSTANT, MESSAGE_ID, MESSAGE_VIEW, RELAY_TEST, RELAY_VIEW, REQUEST_VIEW, STATUS_VIEW, TRACE_STEP, WHO } from './schema.ts'

const ONE_WHO = { type: 'object', additionalProperties: false, required: ['who'], properties: { who: WHO } } as const
const REQUEST_ID = { type: 'object', additionalProperties: false, required: ['id'], properties: { id: { type: 'string', minLength: 1, maxLength: 256, description: 'Request id (or its first characters), account id, or the claimed name when it is unambiguous.' } } } as const
const ONE_CONTACT = { type: 'object', additionalProperties: false, required: ['contact'], properties: { contact: CONTACT_VIEW } } as const
const ONE_MESSAGE = { type: 'object', additionalProperties: false, required: ['message'], properties: { message: MESSAGE_VIEW } } as const
const WHICH_RELAY = { type: 'string', minLength: 1, maxLength: 1024, description: 'Peer id or its beginning, address, or the name that it gives itself.' } as const
const IDEMPOTENCY_KEY = { type: 'string', minLength: 1, maxLength: 128, description: 'The same key sends once, however often it is asked.' } as const

export const OPERATIONS = {
  status: operation('What the node is and how it fares', NOTHING, STATUS_VIEW),
  stop: operation('Stop the node', NOTHING, DONE),

  'me.show': operation('Our account and device', NOTHING, {
    type: 'object',
    additionalProperties: false,
    required: ['account', 'device', 'name', 'peerId', 'addresses', 'acceptPolicy', 'trustPolicy', 'readReceipts'],
    properties: {
      account: { type: 'string' },
      device: { type: 'string' },
      name: { type: 'string' },
      peerId: { type: 'string' },
      addresses: { type: 'array', items: { type: 'string' } },
      acceptPolicy: { enum: ['ask', 'all'] },
      trustPolicy: { enum: ['first-use', 'verified-only'] },
      readReceipts: { type: 'boolean' }
    }
  }),
  'me.rename': operation('Change our profile name and tell our contacts', { type: 'object', additionalProperties: false, required: ['name'], properties: { name: { type: 'string' } } }, DONE),
  'me.policy': operation('Change who may reach us and what we trust', {
    type: 'object',
    additionalProperties: false,
    properties: { accept: { enum: ['ask', 'all'] }, trust: { enum: ['first-use', 'verified-only'] }, readReceipts: { type: 'boolean' } }
  }, { type: 'object', additionalProperties: false, required: ['accept', 'trust', 'readReceipts'], properties: { accept: { enum: ['ask', 'all'] }, trust: { enum: ['first-use', 'verified-only'] }, readReceipts: { type: 'boolean' } } }),
  'me.card': operation('An invite link: our long-term card, or one that works once', {
    type: 'object',
    additionalProperties: false,
    properties: { once: { type: 'boolean' }, rotate: { type: 'boolean', description: 'Retire the long-term link that was given out before.' }, off: { type: 'boolean', description: 'Retire it and make no new one.' } }
  }, {
    type: 'object',
    additionalProperties: false,
    required: ['link', 'kind'],
    properties: { link: { type: 'string', description: 'Empty when the card was switched off.' }, kind: { enum: ['once', 'long-term'] }, expiresAt: INSTANT, addresses: { type: 'array', items: { type: 'string' } } }
  }),

  'contact.add': operation('Ask somebody to be a contact, by their invite link', {
    type: 'object',
    additionalProperties: false,
    required: ['link'],
    properties: { link: { type: 'string', maxLength: 4096 }, as: { type: 'string', description: 'Our alias for them.' }, text: { type: 'string', description: 'What they see before they accept, at most 500 bytes.' } }
  }, ONE_CONTACT),
  'contact.list': operation('Contacts', { type: 'object', additionalProperties: false, properties: { all: { type: 'boolean', description: 'Blocked and removed ones as well.' } } },
    { type: 'object', additionalProperties: false, required: ['contacts'], properties: { contacts: { type: 'array', items: CONTACT_VIEW } } }),
  'contact.show': operation('One contact, with devices and safety number', ONE_WHO, {
    type: 'object',
    additionalProperties: false,
    required: ['contact', 'devices', 'relays'],
    properties: {
      contact: CONTACT_VIEW,
      relays: {
        type: 'array',
        description: 'Where messages wait for them, as their device list says.',
        items: { type: 'object', additionalProperties: false, required: ['peerId', 'addresses'], properties: { peerId: { type: 'string' }, addresses: { type: 'array', items: { type: 'string' } } } }
      },
      safetyNumber: { type: 'string', description: '60 digits; absent until their keys are known.' },
      devices: {
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['device', 'peerId', 'addresses', 'isListed', 'isConnected'],
          properties: { device: { type: 'string' }, peerId: { type: 'string' }, addresses: { type: 'array', items: { type: 'string' } }, isListed: { type: 'boolean' }, isConnected: { type: 'boolean' } }
        }
      }
    }
  }),
  'contact.rename': operation('Change our alias for a contact', { type: 'object', additionalProperties: false, required: ['who', 'as'], properties: { who: WHO, as: { type: 'string' } } }, ONE_CONTACT),
  'contact.verify': operation('Mark the safety number as compared (or take that back), or accept a changed key without comparing', {
    type: 'object',
    additionalProperties: false,
    required: ['who'],
    properties: {
      who: WHO,
      safetyNumber: { type: 'string', description: 'The number they read out: verified only if it is equal (spaces do not matter).' },
      undo: { type: 'boolean' },
      acceptKey: { type: 'boolean', description: 'Go on with the changed key, unverified.' }
    }
  }, { type: 'object', additionalProperties: false, required: ['contact', 'safetyNumber'], properties: { contact: CONTACT_VIEW, safetyNumber: { type: 'string' } } }),
  'contact.block': operation('Take nothing from them any more; they are not told', ONE_WHO, ONE_CONTACT),
  'contact.unblock': operation('Undo a block', ONE_WHO, ONE_CONTACT),
  'contact.remove': operation('Stop exchanging messages; the history stays', ONE_WHO, ONE_CONTACT),

  'requests.list': operation('People who ask to be a contact', NOTHING, { type: 'object', additionalProperties: false, required: ['requests'], properties: { requests: { type: 'array', items: REQUEST_VIEW } } }),
  'requests.accept': operation('Accept a request', { type: 'object', additionalProperties: false, required: ['id'], properties: { id: REQUEST_ID.properties.id, as: { type: 'string' } } }, ONE_CONTACT),
  'requests.reject': operation('Decline a request, or decline and block', { type: 'object', additionalProperties: false, required: ['id'], properties: { id: REQUEST_ID.properties.id, block: { type: 'boolean' } } }, DONE),

  send: operation('Send a text, or files with or without one', {
    type: 'object',
    additionalProperties: false,
    required: ['to', 'text'],
    properties: { to: WHO, text: { type: 'string', description: 'May be empty with files.' }, replyTo: MESSAGE_ID, attachments: FILES, idempotencyKey: IDEMPOTENCY_KEY }
  }, SENT),
  ...MEDIA_OPERATIONS,
  wait: operation('Wait until a message is in a state, or beyond it', {
    type: 'object',
    additionalProperties: false,
    required: ['id', 'state'],
    properties: {
      id: MESSAGE_ID,
      state: { enum: ['queued', 'stored', 'delivered', 'read'] },
      copies: { type: 'integer', minimum: 1, maximum: 5, description: 'With stored: this many signed copies instead of what is enough.' },
      timeoutMs: { type: 'integer', minimum: 0 }
    }
  }, {
    type: 'object',
    additionalProperties: false,
    required: ['id', 'state', 'isReached'],
    properties: { id: { type: 'string' }, state: DELIVERY_STATE, isReached: { type: 'boolean' }, reason: { type: 'string' }, copies: { type: 'integer' }, copiesOf: { type: 'integer' } }
  }),
  react: operation('React to a message, or take the reaction back', { type: 'object', additionalProperties: false, required: ['id', 'emoji'], properties: { id: MESSAGE_ID, emoji: { type: 'string', description: 'Empty to take it back.' } } }, SENT),
  edit: operation('Change the text of an own message, for everyone', { type: 'object', additionalProperties: false, required: ['id', 'text'], properties: { id: MESSAGE_ID, text: { type: 'string' } } }, SENT),
  delete: operation('Delete an own message, for everyone', ONE_ID, SENT),

  read: operation('Messages of a conversation, oldest first', {
    type: 'object',
    additionalProperties: false,
    required: ['with'],
    properties: { with: WHO, limit: { type: 'integer', minimum: 1, maximum: 1000 }, before: MESSAGE_ID, after: MESSAGE_ID, mark: { type: 'boolean', description: 'Mark what is returned as read.' } }
  }, { type: 'object', additionalProperties: false, required: ['messages', 'hasMore'], properties: { messages: { type: 'array', items: MESSAGE_VIEW }, hasMore: { type: 'boolean' } } }),
  'mark-read': operation('Mark a conversation as read, up to a message', { type: 'object', additionalProperties: false, required: ['with'], properties: { with: WHO, upTo: MESSAGE_ID } },
    { type: 'object', additionalProperties: false, required: ['marked'], properties: { marked: { type: 'integer' } } }),
  conversations: operation('Conversations, newest message first', NOTHING, {
    type: 'object',
    additionalProperties: false,
    required: ['conversations'],
    properties: { conversations: { type: 'array', items: { type: 'object', additionalProperties: false, required: ['contact'], properties: { contact: CONTACT_VIEW, last: MESSAGE_VIEW } } } }
  }),
  search: operation('Find messages, newest first', {
    type: 'object',
    additionalProperties: false,
    required: ['query'],
    properties: { query: { type: 'string', maxLength: 1024 }, with: WHO, limit: { type: 'integer', minimum: 1, maximum: 1000 }, before: MESSAGE_ID }
  }, { type: 'object', additionalProperties: false, required: ['messages', 'hasMore'], properties: { messages: { type: 'array', items: MESSAGE_VIEW }, hasMore: { type: 'boolean' } } }),

  'message.show': operation('One message', ONE_ID, ONE_MESSAGE),
  'message.trace': operation('Everything that happened to a message, with time and cause', ONE_ID, {
    type: 'object',
    additionalProperties: false,
    required: ['message', 'headline', 'steps', 'next'],
    properties: {
      message: MESSAGE_VIEW,
      headline: { type: 'string', description: 'The state as a sentence, and what is safe.' },
      steps: { type: 'array', items: TRACE_STEP },
      next: { type: 'array', items: TRACE_STEP, description: 'What it waits for now and what is still to come.' }
    }
  }),
  'message.audit': operation('Hold the relays to what they have signed: what became of our messages, and who keeps what was promised', NOTHING, {
    type: 'object',
    additionalProperties: false,
    required: ['sent', 'delivered', 'waiting', 'expired', 'lost', 'relays'],
    properties: {
      sent: { type: 'integer', description: 'Own messages in the database.' },
      delivered: { type: 'integer' },
      waiting: { type: 'integer', description: 'Queued or stored.' },
      expired: { type: 'integer' },
      lost: { type: 'integer', description: 'Signed copies that a relay does not have any more, although it said that it would. Each is deposited again; the message itself is safe here.' },
      relays: {
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['relay', 'label', 'promised', 'held', 'collected', 'lost', 'isReachable', 'isHonest'],
          properties: {
            relay: { type: 'string', description: 'PeerId.' },
            label: { type: 'string' },
            promised: { type: 'integer', description: 'Copies that it has signed for and that are not delivered yet.' },
            held: { type: 'integer' },
            collected: { type: 'integer', description: 'Fetched by the recipient; its receipt is on the way.' },
            lost: { type: 'integer' },
            isReachable: { type: 'boolean' },
            isHonest: { type: 'boolean', description: 'false: it has lost what it signed for, or its answer was not signed.' }
          }
        }
      }
    }
  }),
  'message.retry': operation('Try to deliver now', ONE_ID, ONE_MESSAGE),
  'message.cancel': operation('Take back what has not been delivered', ONE_ID, ONE_MESSAGE),

  'events.page': operation('Events after a cursor; waits for the first one when there is none', {
    type: 'object',
    additionalProperties: false,
    properties: {
      name: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,64}$', description: 'A named cursor kept by the node.' },
      after: { type: 'string', description: 'Overrides the named cursor. "start": from the oldest kept; "now": only new ones.' },
      limit: { type: 'integer', minimum: 1, maximum: 1000 },
      waitMs: { type: 'integer', minimum: 0, maximum: 60000 }
    }
  }, { type: 'object', additionalProperties: false, required: ['events', 'cursor'], properties: { events: { type: 'array', items: EVENT_VIEW }, cursor: { type: 'string' } } }),
  'events.acknowledge': operation('Move a named cursor: everything up to here has been dealt with', {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'cursor'],
    properties: { name: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,64}$' }, cursor: { type: 'string' } }
  }, DONE),

  'hook.add': operation('Run a command on an event', { type: 'object', additionalProperties: false, required: ['event', 'command'], properties: { event: { type: 'string' }, command: { type: 'string', minLength: 1, maxLength: 4096 } } },
    { type: 'object', additionalProperties: false, required: ['hook'], properties: { hook: { type: 'integer' } } }),
  'hook.list': operation('Hooks', NOTHING, {
    type: 'object',
    additionalProperties: false,
    required: ['hooks'],
    properties: { hooks: { type: 'array', items: { type: 'object', additionalProperties: false, required: ['hook', 'event', 'command'], properties: { hook: { type: 'integer' }, event: { type: 'string' }, command: { type: 'string' } } } } }
  }),
  'hook.remove': operation('Remove a hook', { type: 'object', additionalProperties: false, required: ['hook'], properties: { hook: { type: 'integer' } } }, DONE),

  'relays.add': operation('Keep a mailbox at a relay, and tell our contacts', {
    type: 'object',
    additionalProperties: false,
    required: ['address'],
    properties: { address: { type: 'string', minLength: 1, maxLength: 1024, description: 'A multiaddr that ends in /p2p/ and the relay\'s peer id.' }, code: { type: 'string', maxLength: 256, description: 'What admits us, where the relay asks for it.' } }
  }, { type: 'object', additionalProperties: false, required: ['relay'], properties: { relay: RELAY_VIEW } }),
  'relays.list': operation('Our relays, and how they fare', NOTHING, { type: 'object', additionalProperties: false, required: ['relays'], properties: { relays: { type: 'array', items: RELAY_VIEW } } }),
  'relays.remove': operation('Give a mailbox up, once it is empty, and tell our contacts', { type: 'object', additionalProperties: false, required: ['relay'], properties: { relay: WHICH_RELAY } }, {
    type: 'object',
    additionalProperties: false,
    required: ['relay', 'isLeft'],
    properties: { relay: { type: 'string', description: 'PeerId.' }, isLeft: { type: 'boolean', description: 'The mailbox is given up; else that happens once the relay answers and what waits there is here.' } }
  }),
  'relays.test': operation('Whether relays answer, by which rules, and what is wrong with them', { type: 'object', additionalProperties: false, properties: { relay: { ...WHICH_RELAY, description: 'One of ours, or the address of any. Default: all of ours.' } } },
    { type: 'object', additionalProperties: false, required: ['relays'], properties: { relays: { type: 'array', items: RELAY_TEST } } }),

  ping: operation('Whether a contact answers now, and over which path', ONE_WHO, {
    type: 'object',
    additionalProperties: false,
    required: ['path', 'ms'],
    properties: { path: { enum: ['direct', 'relayed'] }, relay: { type: 'string', description: 'PeerId of the relay that the path leads through.' }, ms: { type: 'number', description: 'One small frame there and back.' } }
  }),
  netcheck: operation('Who can reach this node, from where, and what to do', NOTHING, {
    type: 'object',
    additionalProperties: false,
    required: ['findings', 'addresses', 'listening', 'router', 'checked', 'relays', 'neighbours'],
    properties: {
      findings: { type: 'array', items: { type: 'object', additionalProperties: false, required: ['severity', 'what'], properties: { severity: { enum: ['ok', 'warn', 'error'] }, what: { type: 'string' }, fix: { type: 'string' } } } },
      addresses: { type: 'array', items: { type: 'string' }, description: 'What contacts are told.' },
      listening: { type: 'array', items: { type: 'string' } },
      router: { enum: ['open', 'steady', 'changing', 'unknown', 'blocked'], description: 'What stands between us and the outside, as two relays see it.' },
      seenAs: { type: 'string', description: 'Our outer address, as a relay sees it.' },
      checked: { type: 'array', items: { type: 'object', additionalProperties: false, required: ['address', 'result'], properties: { address: { type: 'string' }, result: { enum: ['reachable', 'unreachable', 'refused'], description: 'Whether a relay could dial it; refused: none could tell.' } } } },
      relays: {
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['peerId', 'state'],
          properties: { peerId: { type: 'string' }, state: { enum: ['connecting', 'reserved', 'refused'] }, reason: { type: 'string' }, ms: { type: 'number' } }
        }
      },
      neighbours: { type: 'integer', description: 'Nodes found on the local network.' }
    }
  }),
  doctor: operation('Check the account and the node', { type: 'object', additionalProperties: false, properties: { fix: { type: 'boolean' } } }, {
    type: 'object',
    additionalProperties: false,
    required: ['findings'],
    properties: {
      findings: {
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['severity', 'what'],
          properties: { severity: { enum: ['ok', 'warn', 'error'] }, what: { type: 'string' }, fix: { type: 'string' }, isFixed: { type: 'boolean' } }
        }
      }
    }
  })
} as const

export const EVENT = EVENT_VIEW

export type OperationName = keyof typeof OPERATIONS
type Derived = { readonly [Name in OperationName]: { readonly params: FromSchema<typeof OPERATIONS[Name]['params']>, readonly result: FromSchema<typeof OPERATIONS[Name]['result']> } }
/** An interface has its members worked out, one by one; a mapped type indexed by a generic name is too deep for the compiler. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- being an interface is what it is for
interface Shapes extends Derived {}
export type Params<Name extends OperationName> = Shapes[Name]['params']
export type Result<Name extends OperationName> = Shapes[Name]['result']

/** What every client of the local API has: over the socket, or in the same process. Throws SkeinError, of either side. */
export interface LocalApi {
  call: <Name extends OperationName>(name: Name, params: Params<Name>) => Promise<Result<Name>>
}

/** An error as it travels: the `error` member of every answer with `ok: false`. */
export const ERROR_VIEW = {
  type: 'object',
  additionalProperties: false,
  required: ['code', 'exit', 'message'],
  properties: { code: { type: 'string' }, exit: { type: 'integer' }, message: { type: 'string' }, hint: { type: 'string' } }
} as const
export type ErrorView = FromSchema<typeof ERROR_VIEW>
