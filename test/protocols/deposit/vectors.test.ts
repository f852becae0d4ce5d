import {
  decodeDepositFrame, decodeResultFrame, encodeDepositFrame, encodeResultFrame, type GoodbyeReason, type RefusalReason, type ResultFrame
} from '../../../protocols/deposit/wire.ts'
import { describeVectors } from '../core/vectors.ts'

describeVectors('deposit', {
  DepositFrame: { decode: decodeDepositFrame, recode: bytes => encodeDepositFrame(decodeDepositFrame(bytes)) },
  ResultFrame: { decode: decodeResultFrame, recode: bytes => encodeResultFrame(decodeResultFrame(bytes) as ResultFrame<RefusalReason, GoodbyeReason>) }
})
