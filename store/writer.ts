/**
 * Everything that can be written, one member for each table; it exists inside AccountStore.transact() alone. What the world
 * should hear of is told by `onCommit`, when it is true for good.
 */
import type { Database } from './database.ts'
import type { Reader } from './reader.ts'
import { AttachmentWriter } from './tables/attachments.ts'
import { BlobCopyWriter } from './tables/blob-copies.ts'
import { BlobWriter } from './tables/blobs.ts'
import { ChangeWriter } from './tables/changes.ts'
import { ContactWriter } from './tables/contacts.ts'
import { ConversationWriter } from './tables/conversations.ts'
import { CopyWriter } from './tables/copies.ts'
import { CursorWriter } from './tables/cursors.ts'
import { DeviceWriter } from './tables/devices.ts'
import { EventWriter } from './tables/events.ts'
import { FactWriter } from './tables/facts.ts'
import { HintWriter } from './tables/hints.ts'
import { HookWriter } from './tables/hooks.ts'
import { IdempotencyWriter } from './tables/idempotency.ts'
import { InviteWriter } from './tables/invites.ts'
import { KeyWriter } from './tables/keys.ts'
import { MessageWriter } from './tables/messages.ts'
import { OutboxWriter } from './tables/outbox.ts'
import { OwnWriter } from './tables/own.ts'
import { ReceivedWriter } from './tables/received.ts'
import { RelayWriter, ShardWriter } from './tables/relays.ts'
import { RequestWriter } from './tables/requests.ts'
import { SearchWriter } from './tables/search.ts'
import { TraceWriter } from './tables/traces.ts'

export class Writer {
  /** Sees what this transaction has written so far. */
  readonly read: Reader
  readonly own: OwnWriter
  readonly facts: FactWriter
  readonly contacts: ContactWriter
  readonly devices: DeviceWriter
  readonly hints: HintWriter
  readonly invites: InviteWriter
  readonly requests: RequestWriter
  readonly relays: RelayWriter
  readonly shards: ShardWriter
  readonly conversations: ConversationWriter
  readonly messages: MessageWriter
  readonly changes: ChangeWriter
  readonly outbox: OutboxWriter
  readonly copies: CopyWriter
  readonly traces: TraceWriter
  readonly received: ReceivedWriter
  readonly keys: KeyWriter
  readonly events: EventWriter
  readonly cursors: CursorWriter
  readonly hooks: HookWriter
  readonly idempotency: IdempotencyWriter
  readonly search: SearchWriter
  readonly attachments: AttachmentWriter
  readonly blobs: BlobWriter
  readonly blobCopies: BlobCopyWriter
  #afterCommit: Array<() => void> = []

  constructor (database: Database, read: Reader) {
    this.read = read
    this.own = new OwnWriter(database, read.own)
    this.facts = new FactWriter(database)
    this.contacts = new ContactWriter(database, read.contacts)
    this.devices = new DeviceWriter(database, read.devices)
    this.hints = new HintWriter(database)
    this.invites = new InviteWriter(database)
    this.requests = new RequestWriter(database)
    this.relays = new RelayWriter(database)
    this.shards = new ShardWriter(database)
    this.conversations = new ConversationWriter(database)
    this.search = new SearchWriter({ database, reader: read.search, known: read.facts, facts: this.facts })
    this.messages = new MessageWriter(database, (before, after) => { this.search.replace(before, after) })
    this.changes = new ChangeWriter(database)
    this.outbox = new OutboxWriter(database)
    this.copies = new CopyWriter(database)
    this.traces = new TraceWriter(database)
    this.received = new ReceivedWriter(database)
    this.keys = new KeyWriter({ database, known: read.facts, facts: this.facts })
    this.events = new EventWriter(database)
    this.cursors = new CursorWriter(database)
    this.hooks = new HookWriter(database)
    this.idempotency = new IdempotencyWriter(database)
    this.attachments = new AttachmentWriter(database)
    this.blobs = new BlobWriter(database)
    this.blobCopies = new BlobCopyWriter(database)
  }

  /** Calls `run` after the commit, in the order of asking; never when the transaction fails. */
  onCommit (run: () => void): void { this.#afterCommit.push(run) }

  /** For AccountStore: what was asked for in the transaction that is over now. */
  takeAfterCommit (): ReadonlyArray<() => void> {
    const runs = this.#afterCommit
    if (runs.length > 0) this.#afterCommit = []
    return runs
  }
}
