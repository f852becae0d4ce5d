/**
 * libp2p's format for what a DHT keeps: the value with its key and the moment it came. kad-dht reads and writes its datastore in
 * it (github.com/libp2p/specs, kad-dht, "RPC messages", Record).
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { MalformedError } from '../../../protocols/core/errors.ts'

export interface Wrapped {
  /** As the DHT names it. */
  readonly key: Uint8Array
  readonly value: Uint8Array
}

const KEY = 1
const VALUE = 2
const RECEIVED = 5

/** `receivedAtMs` is written as RFC 3339; kad-dht hides what came more than 48 h ago. */
export function wrap ({ key, value }: Wrapped, receivedAtMs: number): Uint8Array {
  return new BinaryWriter()
    .tag(KEY, WireType.LengthDelimited).bytes(key)
    .tag(VALUE, WireType.LengthDelimited).bytes(value)
    .tag(RECEIVED, WireType.LengthDelimited).string(new Date(receivedAtMs).toISOString())
    .finish()
}

/** @throws MalformedError */
export function unwrap (bytes: Uint8Array): Wrapped {
  let key: Uint8Array = new Uint8Array()
  let value: Uint8Array = new Uint8Array()
  try {
    const reader = new BinaryReader(bytes)
    while (reader.pos < bytes.byteLength) {
      const [number, wireType] = reader.tag()
      if (number === KEY) key = reader.bytes()
      else if (number === VALUE) value = reader.bytes()
      else reader.skip(wireType)
    }
  } catch {
    throw new MalformedError('DHT record', 'must be well-formed protobuf')
  }
  return { key, value }
}
