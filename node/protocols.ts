/** The protocols that a node speaks with others, as the network needs them. The table with their laws: protocols/README.md. */
import { BATCH_FRAME_BYTES_MAX, BITSWAP_FRAME_BYTES_MAX, BLOB_FRAME_BYTES_MAX, BLOB_FRAME_TIMEOUT_MS, FRAME_BYTES_MAX, SHARD_FRAME_BYTES_MAX } from '../protocols/core/limits.ts'
import type { ChannelProtocol } from './ports.ts'

export const ACCOUNT_PROTOCOL: ChannelProtocol = { id: '/skein/account/1.0.0', frameBytesMax: FRAME_BYTES_MAX }
export const PREKEYS_PROTOCOL: ChannelProtocol = { id: '/skein/prekeys/1.0.0', frameBytesMax: FRAME_BYTES_MAX }
export const DEPOSIT_PROTOCOL: ChannelProtocol = { id: '/skein/deposit/1.0.0', frameBytesMax: BATCH_FRAME_BYTES_MAX }
export const MAILBOX_PROTOCOL: ChannelProtocol = { id: '/skein/mailbox/1.0.0', frameBytesMax: BATCH_FRAME_BYTES_MAX }
export const CUSTODY_PROTOCOL: ChannelProtocol = { id: '/skein/custody/1.0.0', frameBytesMax: FRAME_BYTES_MAX }
export const SHARD_PROTOCOL: ChannelProtocol = { id: '/skein/shard/1.0.0', frameBytesMax: SHARD_FRAME_BYTES_MAX }
export const DIRECTORY_PROTOCOL: ChannelProtocol = { id: '/skein/directory/1.0.0', frameBytesMax: FRAME_BYTES_MAX }
export const RELAY_PROTOCOL: ChannelProtocol = { id: '/skein/relay/1.0.0', frameBytesMax: FRAME_BYTES_MAX }
export const BLOB_PROTOCOL: ChannelProtocol = { id: '/skein/blob/1.0.0', frameBytesMax: BLOB_FRAME_BYTES_MAX, frameTimeoutMs: BLOB_FRAME_TIMEOUT_MS }
/** Of IPFS; its messages are framed as ours are, and each answer comes on a stream of its own. */
export const BITSWAP_PROTOCOL: ChannelProtocol = { id: '/ipfs/bitswap/1.2.0', frameBytesMax: BITSWAP_FRAME_BYTES_MAX, isOneWay: true }
