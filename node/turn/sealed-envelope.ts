/** What the turn lets go after its commit. */
import type { DeviceId, EnvelopeId } from '../../protocols/core/ids.ts'
import type { OutboxCipherKind, Ref } from '../../store/types.ts'

/** An envelope ready to be deposited, as the outbox row has it. */
export interface SealedEnvelope {
  readonly row: number
  readonly deviceId: DeviceId
  readonly contact: number
  readonly envelopeId: EnvelopeId
  readonly sealed: { readonly kind: OutboxCipherKind, readonly body: Uint8Array }
  readonly gateToken: Uint8Array | undefined
  readonly refs: readonly Ref[]
}
