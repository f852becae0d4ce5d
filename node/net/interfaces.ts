/** Notices that this machine's addresses have changed: another network, a cable, a VPN. No system call tells Node, so it is looked up. */
import { networkInterfaces } from 'node:os'
import type { Clock, Timer } from '../ports.ts'

/** Reading them costs some 50 µs. */
const LOOK_MS = 2_000

export class InterfaceWatch {
  readonly #clock: Clock
  readonly #onChange: (ownHosts: readonly string[]) => void
  #addresses = ''
  #timer: Timer | undefined

  constructor (clock: Clock, onChange: (ownHosts: readonly string[]) => void) {
    this.#clock = clock
    this.#onChange = onChange
  }

  start (): void {
    this.#addresses = ownHosts().join()
    this.#arm()
  }

  stop (): void { this.#timer?.cancel() }

  #arm (): void {
    this.#timer = this.#clock.timer(LOOK_MS, () => {
      this.#arm()
      const hosts = ownHosts()
      const addresses = hosts.join()
      if (addresses === this.#addresses) return
      this.#addresses = addresses
      this.#onChange(hosts)
    })
  }
}

/** Every address that one of our interfaces has. */
export function ownHosts (): string[] {
  return Object.values(networkInterfaces()).flatMap(addresses => addresses ?? []).map(({ address }) => address)
}
