/** A relay with a home that outlives its process. */
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createRelay, initRelay, type RelayNode } from '../../node/relay/relay-node.ts'
import { scratchFolder } from './folders.ts'
import { LOOPBACK } from './nodes.ts'

export class Place {
  readonly home: string
  #relay: RelayNode | undefined
  #address = ''

  private constructor (home: string) { this.home = home }

  static async open (stack: AsyncDisposableStack): Promise<Place> {
    const folder = stack.use(await scratchFolder())
    const place = new Place(join(folder.path, 'relay'))
    initRelay({ home: place.home, name: 'place' })
    await place.start()
    stack.defer(async () => { await place.stop() })
    return place
  }

  get address (): string { return this.#address }

  async start (): Promise<void> {
    // The same port again: its users know it by its address.
    const [, port] = /\/tcp\/(\d+)/.exec(this.#address) ?? []
    this.#relay = await createRelay({ home: this.home, listen: [port === undefined ? LOOPBACK : `/ip4/127.0.0.1/tcp/${port}`], environment: { SKEIN_RELAY_DHT_ON: 'false' } })
    await this.#relay.start()
    this.#address = `${this.#relay.addresses()[0] ?? ''}/p2p/${this.#relay.peerId}`
  }

  async stop (): Promise<void> {
    const relay = this.#relay
    this.#relay = undefined
    await relay?.stop()
  }

  /** Its disk as it is now. It has to be stopped. */
  async copyTo (path: string): Promise<void> { await cp(this.home, path, { recursive: true }) }

  /** All that it keeps for others is gone; who it is stays. It has to be stopped. */
  async wipe (): Promise<void> {
    for (const name of ['relay.db', 'relay.db-wal', 'relay.db-shm', 'blobs']) await rm(join(this.home, name), { recursive: true, force: true })
  }

  async putBack (path: string): Promise<void> {
    await this.wipe()
    await cp(path, this.home, { recursive: true, filter: source => !source.endsWith('.lock') })
  }
}
