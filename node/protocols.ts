/** The protocols that a node speaks with others, as the network needs them. The table with their laws: protocols/README.md. */
import { BATCH_FRAME_BYTES_MAX, FRAME_BYTES_MAX } from '../protocols/core/limits.ts'
import type { ChannelProtocol } from './ports.ts'

export const ACCOUNT_PROTOCOL: ChannelProtocol = { id: '/skein/account/1.0.0', frameBytesMax: FRAME_BYTES_MAX }
export const PREKEYS_PROTOCOL: ChannelProtocol = { id: '/skein/prekeys/1.0.0', frameBytesMax: FRAME_BYTES_MAX }
export const DEPOSIT_PROTOCOL: ChannelProtocol = { id: '/skein/deposit/1.0.0', frameBytesMax: BATCH_FRAME_BYTES_MAX }
