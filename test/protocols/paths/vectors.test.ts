import { decodeDialResponse, decodeHopAnswer, decodeHopRequest, decodeMeeting, decodeStopRequest, encodeConnect, encodeHopAnswer, encodeMeeting, encodeReserve, encodeStopRequest } from '../../../protocols/paths/wire.ts'
import { describeVectors } from '../core/vectors.ts'

/** Of the circuits in the vectors. */
const LIMIT = { durationMs: 60_000, bytes: 1_000_000 }
const NOTHING = new Uint8Array(0)

describeVectors('paths', {
  'hop request': { decode: decodeHopRequest, recode: recodeHopRequest },
  'hop answer': { decode: decodeHopAnswer, recode: bytes => encodeHopAnswer(decodeHopAnswer(bytes), LIMIT) },
  'stop request': { decode: decodeStopRequest, recode: recodeStopRequest },
  // A user never writes one.
  'dial response': { decode: decodeDialResponse, recode: () => NOTHING },
  meeting: { decode: decodeMeeting, recode: bytes => encodeMeeting(decodeMeeting(bytes)) }
})

function recodeHopRequest (bytes: Uint8Array): Uint8Array {
  const request = decodeHopRequest(bytes)
  return request.type === 'connect' ? encodeConnect(request.peerId) : encodeReserve()
}

function recodeStopRequest (bytes: Uint8Array): Uint8Array {
  const request = decodeStopRequest(bytes)
  return request.type === 'connect' ? encodeStopRequest(request.peerId, LIMIT) : NOTHING
}
