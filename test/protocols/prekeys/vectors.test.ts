import { decodeBundleAnswer, decodeBundleRequest, encodeBundleAnswer, encodeBundleRequest, type BundleAnswer, type BundleRefusal } from '../../../protocols/prekeys/wire.ts'
import { describeVectors } from '../core/vectors.ts'

describeVectors('prekeys', {
  BundleRequest: { decode: decodeBundleRequest, recode: bytes => encodeBundleRequest(decodeBundleRequest(bytes)) },
  BundleAnswer: { decode: decodeBundleAnswer, recode: bytes => encodeBundleAnswer(decodeBundleAnswer(bytes) as BundleAnswer<BundleRefusal>) }
})
