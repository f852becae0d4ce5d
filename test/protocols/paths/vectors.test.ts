import {
  decodeHopAnswer, decodeHopRequest, decodeMeeting, decodeStopRequest, encodeConnect, encodeHopAnswer, encodeMeeting, encodeReserve, encodeStopRequest
} from '../../../protocols/paths/wire.ts'
import { describeVectors } from '../core/vectors.ts'

/** Of the circuits in the vectors. */
const LIMIT = { durationMs: 14_400_000, bytes: 33_554_432 }
const NOTHING = new Uint8Array(0)

describeVectors('paths', {
  HopRequest: {
    decode: decodeHopRequest,
    recode: bytes => {
      const request = decodeHopRequest(bytes)
      return request.type === 'connect' ? encodeConnect(request.peerId) : encodeReserve()
    }
  },
  HopAnswer: { decode: decodeHopAnswer, recode: bytes => encodeHopAnswer(decodeHopAnswer(bytes), LIMIT) },
  StopRequest: {
    decode: decodeStopRequest,
    recode: bytes => {
      const request = decodeStopRequest(bytes)
      return request.type === 'connect' ? encodeStopRequest(request.peerId, LIMIT) : NOTHING
    }
  },
  Meeting: { decode: decodeMeeting, recode: bytes => encodeMeeting(decodeMeeting(bytes)) }
})
