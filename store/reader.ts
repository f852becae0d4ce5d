/** Everything that can be read, one member for each table. Reads are synchronous and see the last commit, or the transaction they are in. */
import type { Database } from './database.ts'
import { AttachmentReader } from './tables/attachments.ts'
import { BlobCopyReader } from './tables/blob-copies.ts'
import { BlobReader } from './tables/blobs.ts'
import { ChangeReader } from './tables/changes.ts'
import { ContactReader } from './tables/contacts.ts'
import { ConversationReader } from './tables/conversations.ts'
import { CopyReader } from './tables/copies.ts'
import { CursorReader } from './tables/cursors.ts'
import { DeviceReader } from './tables/devices.ts'
import { EventReader } from './tables/events.ts'
import { FactReader } from './tables/facts.ts'
import { HintReader } from './tables/hints.ts'
import { HookReader } from './tables/hooks.ts'
import { IdempotencyReader } from './tables/idempotency.ts'
import { InviteReader } from './tables/invites.ts'
import { KeyReader } from './tables/keys.ts'
import { MessageReader } from './tables/messages.ts'
import { OutboxReader } from './tables/outbox.ts'
import { OwnReader } from './tables/own.ts'
import { ReceivedReader } from './tables/received.ts'
import { RelayReader, ShardReader } from './tables/relays.ts'
import { RequestReader } from './tables/requests.ts'
import { SearchReader } from './tables/search.ts'
import { TraceReader } from './tables/traces.ts'

export class Reader {
  readonly own: OwnReader
  readonly facts: FactReader
  readonly contacts: ContactReader
  readonly devices: DeviceReader
  readonly hints: HintReader
  readonly invites: InviteReader
  readonly requests: RequestReader
  readonly relays: RelayReader
  readonly shards: ShardReader
  readonly conversations: ConversationReader
  readonly messages: MessageReader
  readonly changes: ChangeReader
  readonly outbox: OutboxReader
  readonly copies: CopyReader
  readonly traces: TraceReader
  readonly received: ReceivedReader
  readonly keys: KeyReader
  readonly events: EventReader
  readonly cursors: CursorReader
  readonly hooks: HookReader
  readonly idempotency: IdempotencyReader
  readonly search: SearchReader
  readonly attachments: AttachmentReader
  readonly blobs: BlobReader
  readonly blobCopies: BlobCopyReader

  constructor (database: Database) {
    this.own = new OwnReader(database)
    this.facts = new FactReader(database)
    this.contacts = new ContactReader(database)
    this.devices = new DeviceReader(database)
    this.hints = new HintReader(database)
    this.invites = new InviteReader(database)
    this.requests = new RequestReader(database)
    this.relays = new RelayReader(database)
    this.shards = new ShardReader(database)
    this.conversations = new ConversationReader(database)
    this.messages = new MessageReader(database)
    this.changes = new ChangeReader(database)
    this.outbox = new OutboxReader(database)
    this.copies = new CopyReader(database)
    this.traces = new TraceReader(database)
    this.received = new ReceivedReader(database)
    this.keys = new KeyReader(database)
    this.events = new EventReader(database)
    this.cursors = new CursorReader(database)
    this.hooks = new HookReader(database)
    this.idempotency = new IdempotencyReader(database)
    this.search = new SearchReader({ database, facts: this.facts, messages: this.messages })
    this.attachments = new AttachmentReader(database)
    this.blobs = new BlobReader(database)
    this.blobCopies = new BlobCopyReader(database)
  }
}
