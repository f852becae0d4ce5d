/** Between what a column holds and what the program sees: NULL and `undefined`, 0 or 1 and booleans, the driver's bytes and ours. */
import type { AccountId, ContentId, DeviceId, EnvelopeId } from '../../protocols/core/ids.ts'

/** The driver gives Buffers, whose `slice` shares memory and whose JSON is another: outside, bytes are plain. */
export function bytes (blob: Uint8Array): Uint8Array {
  return new Uint8Array(blob.buffer, blob.byteOffset, blob.byteLength)
}

export function bytesOrNothing (blob: Uint8Array | null): Uint8Array | undefined {
  return blob === null ? undefined : bytes(blob)
}

// What was stored as an id is one.
export function accountIdOf (blob: Uint8Array): AccountId { return bytes(blob) as AccountId }
export function deviceIdOf (blob: Uint8Array): DeviceId { return bytes(blob) as DeviceId }
export function contentIdOf (blob: Uint8Array): ContentId { return bytes(blob) as ContentId }
export function envelopeIdOf (blob: Uint8Array): EnvelopeId { return bytes(blob) as EnvelopeId }

export function flag (value: boolean): number { return value ? 1 : 0 }

/** Names and aliases are equal without regard to case and to how their characters are composed. */
export function fold (name: string | undefined): string | undefined { return name?.normalize('NFKC').toLowerCase() }

/** From a stored number back to its name. */
export function namesOf<Name extends string> (numbers: Readonly<Record<Name, number>>): ReadonlyMap<number, Name> {
  return new Map(Object.entries<number>(numbers).map(([name, number]) => [number, name as Name]))
}
