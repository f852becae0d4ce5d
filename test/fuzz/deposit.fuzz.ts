import type { FuzzTarget } from './targets.ts'
import { decodeDepositFrame, decodeResultFrame } from '../../protocols/deposit/wire.ts'
import { validBytes } from '../protocols/core/vectors.ts'

export const depositTargets: readonly FuzzTarget[] = [
  { name: 'deposit/DepositFrame', decode: decodeDepositFrame, seeds: validBytes('deposit', 'DepositFrame') },
  { name: 'deposit/ResultFrame', decode: decodeResultFrame, seeds: validBytes('deposit', 'ResultFrame') }
]
