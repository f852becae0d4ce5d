import { padBucket, padContent, unpadBucket, unpadContent } from '../../../protocols/envelope/padding.ts'
import { decodeCiphertext, decodeEnvelope, decodeRetryRequest, encodeCiphertext, encodeEnvelope, encodeRetryRequest } from '../../../protocols/envelope/wire.ts'
import { describeVectors } from '../core/vectors.ts'

describeVectors('envelope', {
  Envelope: { decode: decodeEnvelope, recode: bytes => encodeEnvelope(decodeEnvelope(bytes)) },
  Ciphertext: { decode: decodeCiphertext, recode: bytes => encodeCiphertext(decodeCiphertext(bytes)) },
  RetryRequest: { decode: decodeRetryRequest, recode: bytes => encodeRetryRequest(decodeRetryRequest(bytes)) },
  'padded content': { decode: unpadContent, recode: bytes => padContent(unpadContent(bytes)) },
  'padded ciphertext': { decode: unpadBucket, recode: bytes => padBucket(unpadBucket(bytes)) }
})
