import type { FuzzTarget } from './targets.ts'
import {
  decodeDialBack, decodeDialResponse, decodeHopAnswer, decodeHopRequest, decodeMeeting, decodeStopAnswer, decodeStopRequest, encodeConnect, encodeDialRequest, encodeHopAnswer,
  encodeMeeting, encodeReserve, encodeStopAccept, encodeStopRequest
} from '../../protocols/paths/wire.ts'

const PEER = new Uint8Array(38).fill(9)
const LIMIT = { durationMs: 60_000, bytes: 1_000_000 }

export const pathsTargets: readonly FuzzTarget[] = [
  { name: 'paths/Hop request', decode: decodeHopRequest, seeds: [encodeReserve(), encodeConnect(PEER)] },
  { name: 'paths/Hop answer', decode: decodeHopAnswer, seeds: [encodeHopAnswer({ type: 'ok', expiresAtMs: 1_800_000_000_000 }, LIMIT), encodeHopAnswer({ type: 'refused', reason: 'full' }, LIMIT)] },
  { name: 'paths/Stop request', decode: decodeStopRequest, seeds: [encodeStopRequest(PEER, LIMIT)] },
  { name: 'paths/Stop answer', decode: decodeStopAnswer, seeds: [encodeStopAccept()] },
  { name: 'paths/AddressCheck', decode: decodeDialResponse, seeds: [encodeDialRequest(PEER, 77n)] },
  { name: 'paths/DialBack', decode: decodeDialBack, seeds: [Uint8Array.of(9, 1, 2, 3, 4, 5, 6, 7, 8)] },
  { name: 'paths/Meeting', decode: decodeMeeting, seeds: [encodeMeeting({ addresses: [PEER, PEER], isRefused: false }), encodeMeeting({ addresses: [], isRefused: true })] }
]
