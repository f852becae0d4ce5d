/**
 * Keeps the aliases of our mailbox at one relay what they should be. At each opening all of them are put there: those that are there
 * stay as they are, and a relay that lost its disk, or got an old one back, needs no other treatment than any other relay.
 */
import { equals } from 'uint8arrays'
import type { Alias, AliasResult, Opened } from '../../protocols/mailbox/wire.ts'
import { UnreachableError } from '../../protocols/core/errors.ts'
import { ALIASES_AT_ONCE_MAX } from '../../protocols/core/limits.ts'
import { idKey } from '../../protocols/core/ids.ts'
import type { Doors, OpenDoor } from '../contacts/doors.ts'
import type { Clock } from '../ports.ts'
import type { MailboxStream } from './mailbox-stream.ts'

export interface AliasKeeperParts {
  readonly doors: Doors
  readonly clock: Clock
  /** Ours now: depositors notice another one. */
  readonly epoch: () => Uint8Array
}

export class AliasKeeper {
  readonly #parts: AliasKeeperParts
  #stream: MailboxStream | undefined
  /** What the relay has confirmed on this stream. */
  #put = new Map<string, Uint8Array>()
  #epoch: Uint8Array | undefined
  #strays: Uint8Array[] = []
  #running: Promise<void> | undefined

  constructor (parts: AliasKeeperParts) {
    this.#parts = parts
  }

  /** Puts everything there. @throws UnreachableError when the stream ends first, or the relay refuses */
  async furnish (stream: MailboxStream, { aliasEpoch }: Pick<Opened, 'aliasEpoch'>): Promise<void> {
    this.#stream = stream
    this.#put = new Map()
    this.#epoch = aliasEpoch
    await this.sync()
  }

  close (): void {
    this.#stream = undefined
    this.#strays = []
  }

  /** An alias that is there and should not be. */
  remove (alias: Uint8Array): void {
    this.#strays.push(alias)
    void this.#syncQuietly()
  }

  /** Resolves when the relay has confirmed what should be there now; at once without a stream. @throws UnreachableError */
  async sync (): Promise<void> {
    // One change at a time; whoever comes meanwhile gets a look of their own afterwards.
    while (this.#running !== undefined) await this.#running.catch(() => {})
    if (this.#stream === undefined) return
    this.#running = this.#sync(this.#stream)
    try {
      await this.#running
    } finally {
      this.#running = undefined
    }
  }

  async #syncQuietly (): Promise<void> {
    try {
      await this.sync()
    } catch (error) {
      // The next opening puts everything there again.
      if (!(error instanceof UnreachableError)) throw error
    }
  }

  async #sync (stream: MailboxStream): Promise<void> {
    const { doors, clock } = this.#parts
    doors.refresh(clock.now())
    const add = [...doors.open].filter(([key]) => !this.#put.has(key)).map(([, open]) => aliasOf(open))
    const remove = [...[...this.#put].filter(([key]) => !doors.open.has(key)).map(([, alias]) => alias), ...this.#strays.splice(0)]
    const epoch = this.#parts.epoch()
    const isEpochNew = this.#epoch === undefined || !equals(this.#epoch, epoch)
    if (add.length + remove.length === 0 && !isEpochNew) return
    const rounds = Math.max(1, Math.ceil(add.length / ALIASES_AT_ONCE_MAX), Math.ceil(remove.length / ALIASES_AT_ONCE_MAX))
    for (let round = 0; round < rounds; round++) {
      const slice = <Of>(items: readonly Of[]): readonly Of[] => items.slice(round * ALIASES_AT_ONCE_MAX, (round + 1) * ALIASES_AT_ONCE_MAX)
      const change = { add: slice(add), remove: slice(remove), epoch: round === 0 && isEpochNew ? epoch : undefined }
      check(await stream.changeAliases(change))
      for (const { alias } of change.add) this.#put.set(idKey(alias), alias)
      for (const alias of change.remove) this.#put.delete(idKey(alias))
    }
    this.#epoch = epoch
  }
}

function aliasOf ({ derived: { alias, macKey }, kind, expiresAtMs }: OpenDoor): Alias {
  return { alias, macKey, kind, expiresAtMs }
}

function check ({ outcome }: AliasResult): void {
  if (outcome !== 'done') throw new UnreachableError(`the relay does not take our aliases: ${OUTCOME_WORDS[outcome] ?? outcome}`)
}

const OUTCOME_WORDS: Readonly<Record<string, string>> = {
  tooMany: 'it keeps fewer for one mailbox than we have contacts',
  taken: 'one of them is somebody else’s',
  capacity: 'it is full',
  storage: 'its disk is in trouble'
}
