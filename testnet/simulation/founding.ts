/**
 * How the users of a town met is the same for every seed: it is lived through once, and each history begins with the disks of that moment.
 * They are lent to one history at a time and go back to what they were.
 */
import { invariant } from '../../protocols/core/invariant.ts'
import { meet } from '../meeting.ts'
import { Town, type Founded, type TownSize } from './town.ts'

/** The chance by which they were born and met. */
const FOUNDING_SEED = 0
/** Introductions, first prekeys and directory entries are where they should be after this time. */
const QUIET_MS = 30_000

export class Founding {
  readonly size: TownSize
  readonly #founded: Founded
  #isLent = false

  /** Lives through it. */
  static async of (size: TownSize): Promise<Founding> {
    const town = new Town({ seed: FOUNDING_SEED }, { size })
    await town.world.within((async () => {
      await town.start()
      // Before they have relays: a relay's gate asks strangers for work that proves something to it and nothing to us.
      await meet(town.users, town.time)
      await meet(town.net.members, town.time)
      await town.time.delay(QUIET_MS)
    })())
    // Nobody is told of it: what they begin with is what was on their disks.
    for (const { machine } of town.net.members) machine.crash()
    return new Founding(size, {
      atMs: town.world.nowMs,
      accounts: new Map(town.users.map(({ name, node }) => [name, node.store])),
      disks: new Map(town.relays.map(({ name, relay }) => [name, relay.store]))
    })
  }

  private constructor (size: TownSize, founded: Founded) {
    this.size = size
    this.#founded = founded
  }

  /** Lends the disks for as long as `live` takes. */
  async lend<Result> (live: (founded: Founded) => Promise<Result>): Promise<Result> {
    invariant(!this.#isLent, 'a disk is lent to one history at a time')
    this.#isLent = true
    const { atMs, accounts, disks } = this.#founded
    const rewinds = [...[...accounts.values()].map(({ database }) => database.mark()), ...[...disks.values()].map(disk => disk.mark())]
    try {
      return await live({
        atMs,
        accounts: new Map([...accounts].map(([name, store]) => [name, store.reopen()])),
        disks: new Map([...disks].map(([name, store]) => [name, store.reopen()]))
      })
    } finally {
      for (const rewind of rewinds) rewind()
      this.#isLent = false
    }
  }

  close (): void {
    for (const store of [...this.#founded.accounts.values(), ...this.#founded.disks.values()]) store.close()
  }
}
