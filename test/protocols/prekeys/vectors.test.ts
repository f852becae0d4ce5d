import { decodeShardAnswer, decodeShardUpload, encodeShardAnswer, encodeShardUpload, type ShardAnswer, type ShardRefusal } from '../../../protocols/prekeys/shard.ts'
import { decodeBundleAnswer, decodeBundleRequest, encodeBundleAnswer, encodeBundleRequest, type BundleReply } from '../../../protocols/prekeys/wire.ts'
import { describeVectors } from '../core/vectors.ts'

describeVectors('prekeys', {
  BundleRequest: { decode: decodeBundleRequest, recode: bytes => encodeBundleRequest(decodeBundleRequest(bytes)) },
  BundleAnswer: { decode: decodeBundleAnswer, recode: bytes => encodeBundleAnswer(decodeBundleAnswer(bytes) as BundleReply) },
  ShardUpload: { decode: decodeShardUpload, recode: bytes => encodeShardUpload(decodeShardUpload(bytes)) },
  ShardAnswer: { decode: decodeShardAnswer, recode: bytes => encodeShardAnswer(decodeShardAnswer(bytes) as ShardAnswer<ShardRefusal>) }
})
