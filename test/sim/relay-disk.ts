/**
 * What a relay remembers, in the simulated world: the same promises as store/relay on plain maps, so that a disk can be copied, put back
 * and wiped between two steps. Limits of space and days are left out: the simulator is about what is lost.
 */
import { idKey, type DeviceId, type EnvelopeId } from '../../protocols/core/ids.ts'
import type { CustodyState } from '../../protocols/mailbox/questions.ts'
import type { Alias, DepositRef, Item } from '../../protocols/mailbox/wire.ts'
import type { ShardUpload } from '../../protocols/prekeys/shard.ts'
import type { DepositOutcome, Mailbox, MailboxQuotas, NewDeposit, RelayReader, RelayStore, RelayWriter, StoredAlias, StoredRecord, TakenBundle } from '../../store/relay/types.ts'

interface StoredItem extends Item { readonly mailbox: number, readonly expiresAtMs: number }
interface Tombstone { readonly state: 'collected' | 'expired', readonly expiresAtMs: number }
interface MailboxRow { readonly peerId: string, aliasEpoch: Uint8Array | undefined, isBlocked: boolean, nextPosition: number, readonly createdDay: number, lastSeenDay: number, shard: ShardUpload | undefined, highestKey: number }

interface Disk {
  readonly mailboxes: Map<number, MailboxRow>
  readonly aliases: Map<string, Alias & { readonly mailbox: number }>
  /** By alias and deposit id. */
  readonly items: Map<string, StoredItem>
  readonly tombstones: Map<string, Tombstone>
  readonly records: Map<string, StoredRecord>
  readonly facts: Map<string, string>
  nextMailbox: number
}

export class RelayDisk implements RelayStore {
  readonly read: RelayReader
  readonly #writer: RelayWriter
  readonly #disk: Disk

  constructor (disk: Disk = { mailboxes: new Map(), aliases: new Map(), items: new Map(), tombstones: new Map(), records: new Map(), facts: new Map(), nextMailbox: 1 }) {
    this.#disk = disk
    this.read = this.#reader()
    this.#writer = this.#makeWriter()
  }

  /** As it is now, for another day. */
  copy (): RelayDisk { return new RelayDisk(structuredClone(this.#disk)) }

  /** How many items wait. */
  get itemCount (): number { return this.#disk.items.size }

  commit<T> (work: (writer: RelayWriter) => T): T { return work(this.#writer) }

  durable (): Promise<void> { return Promise.resolve() }
  setCap (): void { /* it is large enough */ }
  close (): void { /* nothing is open */ }

  #mailbox (mailbox: number): Mailbox | undefined {
    const row = this.#disk.mailboxes.get(mailbox)
    if (row === undefined) return undefined
    const items = this.#itemsOf(mailbox)
    const aliases = [...this.#disk.aliases.values()].filter(alias => alias.mailbox === mailbox)
    const gates = new Set(aliases.filter(({ kind }) => kind !== 'contact').map(({ alias }) => idKey(alias)))
    return {
      mailbox,
      ...row,
      aliasCount: aliases.length,
      usage: usageOf(items),
      gatePending: items.filter(({ alias }) => gates.has(idKey(alias))).length
    }
  }

  #itemsOf (mailbox: number): StoredItem[] {
    return [...this.#disk.items.values()].filter(item => item.mailbox === mailbox).sort((left, right) => left.position - right.position)
  }

  #alias (alias: Uint8Array): StoredAlias | undefined {
    const row = this.#disk.aliases.get(idKey(alias))
    return row === undefined ? undefined : { ...row, usage: usageOf([...this.#disk.items.values()].filter(item => idKey(item.alias) === idKey(alias))) }
  }

  #reader (): RelayReader {
    return {
      // Blobs lie in real files: they are tested with those.
      blobs: { blob: () => undefined, ofTag: () => [], after: () => [], mailboxBytes: () => 0 },
      mailboxOf: peerId => this.#mailbox([...this.#disk.mailboxes].find(([, row]) => row.peerId === peerId)?.[0] ?? 0),
      mailbox: mailbox => this.#mailbox(mailbox),
      aliasOf: alias => this.#alias(alias),
      items: (mailbox, after, limit) => this.#itemsOf(mailbox).filter(({ position }) => position > after).slice(0, limit.items),
      list: (mailbox, after, limit) => {
        const behind = this.#itemsOf(mailbox).filter(({ position }) => position > after)
        return { items: behind.slice(0, limit).map(({ body, ...item }) => ({ ...item, sizeBytes: body.byteLength })), hasMore: behind.length > limit }
      },
      custody: (alias, depositIds) => depositIds.map(depositId => this.#custody({ alias, depositId })),
      oneTimeLeft: mailbox => this.#disk.mailboxes.get(mailbox)?.shard?.oneTime.length ?? 0,
      record: key => this.#disk.records.get(idKey(key)),
      recordsAfter: () => [],
      totals: () => ({ mailboxes: this.#disk.mailboxes.size, mailboxesBlocked: 0, aliases: this.#disk.aliases.size, items: this.#disk.items.size, bytes: 0, prekeys: 0, shards: 0, records: this.#disk.records.size, remembered: this.#disk.tombstones.size, blobs: 0, blobsUnfinished: 0, blobRefs: 0, blobBytes: 0, oldestAtMs: undefined }),
      space: () => ({ usedBytes: 0, capBytes: 1, freeBytes: 1, room: { forText: Infinity, forControl: Infinity } }),
      stuck: () => ({ count: 0, mailboxes: [] }),
      biggest: () => [],
      days: () => [],
      fact: name => this.#disk.facts.get(name)
    }
  }

  #custody (ref: DepositRef): CustodyState {
    if (this.#disk.items.has(refKey(ref))) return 'held'
    return this.#disk.tombstones.get(refKey(ref))?.state ?? 'unknown'
  }

  #makeWriter (): RelayWriter {
    return {
      read: this.read,
      blobs: {
        put: () => ({ type: 'refused', reason: 'capacity', leftBytes: 0 }),
        touch: () => { /* none is kept */ },
        stored: () => false,
        release: () => ({ wasKept: false, isGone: false }),
        remove: () => { /* none is kept */ },
        expire: () => ({ gone: [], expired: 0, rows: 0 })
      },
      createMailbox: (peerId, day) => {
        const mailbox = this.#disk.nextMailbox++
        this.#disk.mailboxes.set(mailbox, { peerId, aliasEpoch: undefined, isBlocked: false, nextPosition: 1, createdDay: day, lastSeenDay: day, shard: undefined, highestKey: 0 })
        return mailbox
      },
      deleteMailbox: mailbox => {
        for (const [key, alias] of this.#disk.aliases) if (alias.mailbox === mailbox) this.#disk.aliases.delete(key)
        for (const [key, item] of this.#disk.items) if (item.mailbox === mailbox) this.#disk.items.delete(key)
        this.#disk.mailboxes.delete(mailbox)
      },
      seen: (mailbox, day) => { this.#row(mailbox).lastSeenDay = day },
      block: (mailbox, isBlocked) => { this.#row(mailbox).isBlocked = isBlocked },
      changeAliases: (mailbox, { add, remove, epoch }, aliasesMax) => this.#changeAliases(mailbox, { add, remove, epoch }, aliasesMax),
      deposit: (deposits, quotas) => deposits.map(deposit => this.#deposit(deposit, quotas)),
      acknowledge: (mailbox, refs) => refs.filter(ref => this.#acknowledge(mailbox, ref)).length,
      expire: (nowMs, limit) => {
        const expired = [...this.#disk.items].filter(([, item]) => item.expiresAtMs <= nowMs).slice(0, limit)
        for (const [key] of expired) this.#disk.items.delete(key)
        return { items: expired.length, rows: expired.length }
      },
      vacuum: () => 0,
      putShard: (mailbox, shard) => this.#putShard(mailbox, shard),
      takeBundle: (deviceId, options) => this.#takeBundle(deviceId, options),
      putRecord: (key, record) => { this.#disk.records.set(idKey(key), record); return 'stored' },
      countDay: () => { /* nobody looks */ },
      setFact: (name, value) => { this.#disk.facts.set(name, value) }
    }
  }

  #row (mailbox: number): MailboxRow {
    const row = this.#disk.mailboxes.get(mailbox)
    if (row === undefined) throw new Error('a mailbox is made before it is changed')
    return row
  }

  #changeAliases (mailbox: number, { add, remove, epoch }: Parameters<RelayWriter['changeAliases']>[1], aliasesMax: number): 'done' | 'tooMany' | 'taken' {
    const known = [...this.#disk.aliases.values()].filter(alias => alias.mailbox === mailbox).length
    if (known + add.length - remove.length > aliasesMax) return 'tooMany'
    if (add.some(({ alias }) => (this.#disk.aliases.get(idKey(alias))?.mailbox ?? mailbox) !== mailbox)) return 'taken'
    for (const alias of add) if (!this.#disk.aliases.has(idKey(alias.alias))) this.#disk.aliases.set(idKey(alias.alias), { ...alias, mailbox })
    for (const alias of remove) {
      if (this.#disk.aliases.get(idKey(alias))?.mailbox !== mailbox) continue
      this.#disk.aliases.delete(idKey(alias))
      for (const [key, item] of this.#disk.items) if (idKey(item.alias) === idKey(alias)) this.#disk.items.delete(key)
    }
    if (epoch !== undefined) this.#row(mailbox).aliasEpoch = epoch
    return 'done'
  }

  #deposit ({ alias, depositId, body, storedAtMs, expiresAtMs }: NewDeposit, quotas: MailboxQuotas): DepositOutcome {
    const door = this.#disk.aliases.get(idKey(alias))
    if (door === undefined) return { type: 'refused', reason: 'unknownAlias' }
    const { mailbox } = door
    const { aliasEpoch } = this.#row(mailbox)
    const key = refKey({ alias, depositId })
    const known = this.#disk.items.get(key) ?? this.#disk.tombstones.get(key)
    if (known !== undefined) return { type: 'known', mailbox, expiresAtMs: known.expiresAtMs, aliasEpoch }
    if (this.#itemsOf(mailbox).length >= quotas.mailboxItemsMax) return { type: 'refused', reason: 'mailboxFull' }
    const position = this.#row(mailbox).nextPosition++
    this.#disk.items.set(key, { mailbox, position, alias, depositId, body, storedAtMs, expiresAtMs })
    return { type: 'stored', mailbox, position, expiresAtMs, aliasEpoch }
  }

  #acknowledge (mailbox: number, ref: DepositRef): boolean {
    const item = this.#disk.items.get(refKey(ref))
    if (item?.mailbox !== mailbox) return false
    this.#disk.items.delete(refKey(ref))
    this.#disk.tombstones.set(refKey(ref), { state: 'collected', expiresAtMs: item.expiresAtMs })
    return true
  }

  /** Keys that were here once do not come back: an upload that is repeated is one upload. */
  #putShard (mailbox: number, shard: ShardUpload): number {
    const row = this.#row(mailbox)
    const fresh = shard.oneTime.filter(({ id }) => id > row.highestKey)
    const oneTime = [...row.shard?.oneTime ?? [], ...fresh]
    row.shard = { ...shard, oneTime }
    row.highestKey = Math.max(row.highestKey, ...shard.oneTime.map(({ id }) => id))
    return oneTime.length
  }

  #takeBundle (deviceId: DeviceId, { mailbox, withOneTime }: { readonly mailbox: number | undefined, readonly withOneTime: boolean }): TakenBundle | undefined {
    const found = [...this.#disk.mailboxes].find(([number, row]) => row.shard !== undefined && idKey(row.shard.deviceId) === idKey(deviceId) && (mailbox ?? number) === number)?.[1]
    if (found?.shard === undefined) return undefined
    const { oneTime: [first, ...rest], ...shard } = found.shard
    if (withOneTime && first !== undefined) found.shard = { ...found.shard, oneTime: rest }
    return { shard, oneTime: withOneTime ? first : undefined }
  }
}

function usageOf (items: readonly StoredItem[]): { readonly items: number, readonly bytes: number } {
  return { items: items.length, bytes: items.reduce((sum, { body }) => sum + body.byteLength, 0) }
}

function refKey ({ alias, depositId }: { readonly alias: Uint8Array, readonly depositId: EnvelopeId }): string { return idKey(alias) + idKey(depositId) }
