/** Bytes that decoders have not seen: a seeded source, and the ways in which valid messages go wrong. */

/** A small, fast generator (mulberry32): the same seed makes the same run on every machine. */
export class Dice {
  #state: number

  constructor (seed: number) { this.#state = seed >>> 0 }

  /** Uniform in 0 … sides - 1. */
  roll (sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides
  }

  bytes (length: number): Uint8Array {
    return new Uint8Array(length).map(() => this.roll(256))
  }
}

/** Bytes at which readers of varints, lengths, tags and UTF-8 turn. */
const TURNING_POINTS = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x1b, 0x08, 0xc0, 0xed, 0xf8]

/** One input: random bytes now and then, else a seed that went wrong in one to four ways. */
export function input (dice: Dice, seeds: readonly Uint8Array[]): Uint8Array {
  const seed = seeds[dice.roll(seeds.length)]
  if (seed === undefined || dice.roll(8) === 0) return dice.bytes(dice.roll(200))
  let bytes = seed
  for (let count = 1 + dice.roll(4); count > 0; count--) bytes = mutant(dice, bytes, seeds)
  return bytes
}

function mutant (dice: Dice, bytes: Uint8Array, seeds: readonly Uint8Array[]): Uint8Array {
  const place = dice.roll(bytes.byteLength + 1)
  switch (dice.roll(7)) {
    case 0: return bytes.slice(0, place)
    case 1: return splice(bytes, { place, removed: 1, added: Uint8Array.of(TURNING_POINTS[dice.roll(TURNING_POINTS.length)] ?? 0) })
    case 2: return splice(bytes, { place, removed: 1, added: Uint8Array.of((bytes[place] ?? 0) ^ (1 << dice.roll(8))) })
    case 3: return splice(bytes, { place, removed: dice.roll(9), added: new Uint8Array(0) })
    case 4: return splice(bytes, { place, removed: 0, added: dice.bytes(1 + dice.roll(12)) })
    // The same piece many times over: what grows without bound shows here.
    case 5: return repeated(bytes.slice(place, place + 1 + dice.roll(40)), 1 + dice.roll(400), bytes)
    default: return splice(bytes, { place, removed: dice.roll(20), added: (seeds[dice.roll(seeds.length)] ?? bytes).slice(0, dice.roll(60)) })
  }
}

interface Splice { readonly place: number, readonly removed: number, readonly added: Uint8Array }

function splice (bytes: Uint8Array, { place, removed, added }: Splice): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, place), ...added, ...bytes.subarray(place + removed)])
}

function repeated (piece: Uint8Array, times: number, before: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(before.byteLength + piece.byteLength * times)
  bytes.set(before)
  for (let count = 0; count < times; count++) bytes.set(piece, before.byteLength + count * piece.byteLength)
  return bytes
}
