import type { FuzzTarget } from './targets.ts'
import { unpadBucket, unpadContent } from '../../protocols/envelope/padding.ts'
import { decodeCiphertext, decodeEnvelope, decodeRetryRequest } from '../../protocols/envelope/wire.ts'
import { validBytes } from '../protocols/core/vectors.ts'

export const envelopeTargets: readonly FuzzTarget[] = [
  { name: 'envelope/Envelope', decode: decodeEnvelope, seeds: validBytes('envelope', 'Envelope') },
  { name: 'envelope/Ciphertext', decode: decodeCiphertext, seeds: validBytes('envelope', 'Ciphertext') },
  { name: 'envelope/RetryRequest', decode: decodeRetryRequest, seeds: validBytes('envelope', 'RetryRequest') },
  { name: 'envelope/padded content', decode: unpadContent, seeds: validBytes('envelope', 'padded content') },
  { name: 'envelope/padded ciphertext', decode: unpadBucket, seeds: validBytes('envelope', 'padded ciphertext') }
]
