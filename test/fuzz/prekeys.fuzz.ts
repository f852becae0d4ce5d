import type { FuzzTarget } from './targets.ts'
import { decodeBundleAnswer, decodeBundleRequest } from '../../protocols/prekeys/wire.ts'
import { validBytes } from '../protocols/core/vectors.ts'

export const prekeysTargets: readonly FuzzTarget[] = [
  { name: 'prekeys/BundleRequest', decode: decodeBundleRequest, seeds: validBytes('prekeys', 'BundleRequest') },
  { name: 'prekeys/BundleAnswer', decode: decodeBundleAnswer, seeds: validBytes('prekeys', 'BundleAnswer') }
]
