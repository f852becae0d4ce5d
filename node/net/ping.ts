/** The smallest exchanges: how long a frame takes, and whether the other side is still there. docs/protocols/transport.md, "Ping". */
import type { ChannelProtocol } from '../ports.ts'

export const PING: ChannelProtocol = { id: '/skein/ping/1.0.0', frameBytesMax: 32 }
/** Echoed, frame by frame, for as long as the stream lasts. */
export const PULSE: ChannelProtocol = { id: '/skein/pulse/1.0.0', frameBytesMax: 32 }
export const PING_FRAME = new Uint8Array(8)
