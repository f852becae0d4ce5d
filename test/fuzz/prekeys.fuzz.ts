import type { FuzzTarget } from './targets.ts'
import { decodeBundleAnswer, decodeBundleRequest } from '../../protocols/prekeys/wire.ts'
import { decodeShardAnswer, decodeShardUpload } from '../../protocols/prekeys/shard.ts'
import { validBytes } from '../protocols/core/vectors.ts'

export const prekeysTargets: readonly FuzzTarget[] = [
  { name: 'prekeys/BundleRequest', decode: decodeBundleRequest, seeds: validBytes('prekeys', 'BundleRequest') },
  { name: 'prekeys/BundleAnswer', decode: decodeBundleAnswer, seeds: validBytes('prekeys', 'BundleAnswer') },
  { name: 'prekeys/ShardUpload', decode: decodeShardUpload, seeds: validBytes('prekeys', 'ShardUpload') },
  { name: 'prekeys/ShardAnswer', decode: decodeShardAnswer, seeds: validBytes('prekeys', 'ShardAnswer') }
]
