/** The smallest exchange: whoever is connected may know how long a frame takes. docs/protocols/transport.md, "Ping". */
import type { ChannelProtocol } from '../ports.ts'

export const PING: ChannelProtocol = { id: '/skein/ping/1.0.0', frameBytesMax: 32 }
export const PING_FRAME = new Uint8Array(8)
