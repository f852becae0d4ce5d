/**
 * A stream between two simulated nodes: frames whole and in order until it breaks. The weather breaks it at any moment, with frames
 * under way lost; delays; and, beyond what a single stream does, repeats and swaps frames after the first, since deposits must not
 * depend on either. On a cut line frames wait, until the line is whole or the connection counts as dead.
 */
import { LIVENESS_INTERVAL_MS } from '../../protocols/core/limits.ts'
import { UnreachableError } from '../../protocols/core/errors.ts'
import type { Channel, ChannelEnd, FrameHandler, Timer } from '../../node/ports.ts'
import type { Ether, Station, Wire } from './ether.ts'

/** In intervals, how long an answer may take (docs/protocols/transport.md, "Liveness"). */
const GRACE = 3.5
/** What was sent before the end still arrives. */
const CLOSE_MS = 0.01

export class Link implements Wire {
  readonly stations: readonly [Station, Station]
  readonly near: End
  readonly far: End
  readonly protocol: string
  readonly ether: Ether
  isOpen = true
  #deadline: Timer | undefined

  constructor (ether: Ether, [near, far]: readonly [Station, Station], protocol: string) {
    this.ether = ether
    this.stations = [near, far]
    this.protocol = protocol
    this.near = new End(this, near, far)
    this.far = new End(this, far, near)
  }

  get isWhole (): boolean { return this.ether.isWhole(...this.stations) }

  otherEnd (end: End): End { return end === this.near ? this.far : this.near }

  break (reason: ChannelEnd): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.#deadline?.cancel()
    this.ether.leave(this)
    this.near.end(reason)
    this.far.end(reason)
  }

  /** A frame does not get through: its sender waits for an answer only so long. */
  doubt (): void {
    this.#deadline ??= this.ether.world.schedule(GRACE * LIVENESS_INTERVAL_MS, () => { this.break('timeout') })
  }

  pump (): void {
    if (!this.isOpen || !this.isWhole) return
    this.#deadline?.cancel()
    this.#deadline = undefined
    this.near.pump()
    this.far.pump()
  }
}

export class End implements Channel {
  readonly station: Station
  readonly peerId: string
  readonly isRelayed = false
  readonly closed: Promise<ChannelEnd>
  onFrames: FrameHandler = () => {}
  readonly #link: Link
  readonly #other: Station
  readonly #held: Uint8Array[] = []
  #settle: (end: ChannelEnd) => void = () => {}
  #lastArrivalMs = 0
  /** When the line is done with what was given to it. */
  #freeAtMs = 0
  #sent = 0
  #reading: Promise<void> = Promise.resolve()

  constructor (link: Link, station: Station, other: Station) {
    this.#link = link
    this.station = station
    this.#other = other
    this.peerId = other.peerId
    this.closed = new Promise(resolve => { this.#settle = resolve })
  }

  send (frames: readonly Uint8Array[]): Promise<void> {
    if (!this.#link.isOpen) return Promise.reject(new UnreachableError('the channel is closed'))
    for (const frame of frames) this.#sendFrame(frame)
    return Promise.resolve()
  }

  close (): void {
    const { world } = this.#link.ether
    world.schedule(Math.max(0, this.#lastArrivalMs - world.nowMs) + CLOSE_MS, () => this.#link.break('closed'))
  }

  end (reason: ChannelEnd): void { this.#settle(reason) }

  /** What a cut line has held up. */
  pump (): void { for (const frame of this.#held.splice(0)) this.#sendFrame(frame) }

  receive (frame: Uint8Array): void {
    this.station.gate.pass(() => { this.#reading = this.#read(frame, this.#reading) })
  }

  #sendFrame (frame: Uint8Array): void {
    const { ether } = this.#link
    const { random, weather, world } = ether
    const isFirst = this.#sent++ === 0
    const copies = !isFirst && random.chance(weather.duplication) ? 2 : 1
    const beganMs = Math.max(world.nowMs, this.#freeAtMs)
    this.#freeAtMs = beganMs + frame.byteLength / ether.bytesPerSecond(this.station, this.#other) * 1000
    for (let copy = 0; copy < copies; copy++) {
      const atMs = this.#freeAtMs + ether.delayMs(this.station, this.#other)
      const isSwapped = !isFirst && random.chance(weather.reordering)
      const arrivalMs = isSwapped ? atMs : Math.max(atMs, this.#lastArrivalMs)
      this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs)
      world.schedule(arrivalMs - world.nowMs, () => { this.#arrive(frame) })
    }
  }

  #arrive (frame: Uint8Array): void {
    const link = this.#link
    const { ether, protocol } = link
    if (!link.isOpen) return
    if (!link.isWhole) {
      this.#held.push(frame)
      link.doubt()
      return
    }
    if (ether.random.chance(ether.weather.loss)) { link.break('reset'); return }
    const other = link.otherEnd(this)
    ether.onFrame({ from: this.station.peerId, to: other.station.peerId, protocol, isForward: this === link.near, frame })
    other.receive(frame)
  }

  async #read (frame: Uint8Array, before: Promise<void>): Promise<void> {
    await before
    if (!this.#link.isOpen) return
    try {
      await this.onFrames([frame])
    } catch {
      this.#link.break('reset')
    }
  }
}
