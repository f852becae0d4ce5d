/**
 * What this program hands to libsignal: bytes, addresses and public keys, in libsignal's form.
 *
 * libsignal's log stays off: it is silent until `initLogger` is called, which nothing here does, and its lines name
 * addresses and keys.
 */
import { LibSignalErrorBase, ProtocolAddress, PublicKey } from '@signalapp/libsignal-client'
import { deviceIdText } from '../../protocols/core/ids.ts'
import type { DeviceId } from '../../protocols/core/ids.ts'

/**
 * libsignal's device number: always this one. Each device has an identity key of its own, and libsignal knows one identity
 * key per name, so each device is a name (docs/protocols/session.md, "Addresses").
 */
export const LIBSIGNAL_DEVICE = 1

export function addressOf (device: DeviceId): ProtocolAddress {
  return ProtocolAddress.new(deviceIdText(device), LIBSIGNAL_DEVICE)
}

/**
 * The same bytes as libsignal's typings want them: in memory that no other thread can change. What libp2p, protobuf and
 * SQLite give us is that, but typed more loosely; only shared memory is copied. libsignal reads the bytes until its promise
 * settles: leave them alone that long.
 */
export function owned (bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return isOwned(bytes) ? bytes : Uint8Array.from(bytes)
}

/** @throws LibSignalErrorBase when the bytes are no public key */
export function publicKey (bytes: Uint8Array): PublicKey {
  return PublicKey.deserialize(owned(bytes))
}

/** For keys that need not be any. */
export function publicKeyOrNone (bytes: Uint8Array): PublicKey | undefined {
  try {
    return publicKey(bytes)
  } catch (thrown) {
    if (thrown instanceof LibSignalErrorBase) return undefined
    throw thrown
  }
}

function isOwned (bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
}
