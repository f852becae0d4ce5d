/**
 * The results of one depositor's stream: gathered, signed and sent. One signature covers all that a batch says was stored, and
 * each result can be proved alone by its path in the Merkle tree. Law: docs/protocols/deposit.md, "At a relay".
 */
import { merkleRoot, storedLeaf, storedSigningInput } from '../../protocols/deposit/custody.ts'
import { encodeResultFrame, type RefusalReason, type Result } from '../../protocols/deposit/wire.ts'
import { BATCH_DEPOSITS_MAX } from '../../protocols/core/limits.ts'
import { sha256 } from '../crypto/mac.ts'
import type { Signer } from '../ports.ts'

/** A result, and for what was stored what the signature covers beside it. */
export interface Answer {
  readonly result: Result<RefusalReason>
  readonly alias: Uint8Array
  readonly body: Uint8Array
}

/** In frames of their largest size. `atMs`: the wall clock of the commit. */
export function encodeAnswers (answers: readonly Answer[], { signer, atMs }: { readonly signer: Signer, readonly atMs: number }): Uint8Array[] {
  const frames = []
  for (let from = 0; from < answers.length; from += BATCH_DEPOSITS_MAX) frames.push(encodeBatch(answers.slice(from, from + BATCH_DEPOSITS_MAX), signer, atMs))
  return frames
}

function encodeBatch (answers: readonly Answer[], signer: Signer, atMs: number): Uint8Array {
  const leaves = []
  for (const { result, alias, body } of answers) {
    if (result.type !== 'stored' || result.expiresAtMs === undefined || result.aliasEpoch === undefined) continue
    const { depositId, expiresAtMs, aliasEpoch } = result
    leaves.push(storedLeaf({ alias, depositId, bodyHash: sha256(body), relayTimeMs: atMs, expiresAtMs, aliasEpoch }))
  }
  const results = answers.map(({ result }) => result)
  if (leaves.length === 0) return encodeResultFrame({ type: 'batch', results })
  return encodeResultFrame({ type: 'batch', results, relayTimeMs: atMs, signature: signer.sign(storedSigningInput(merkleRoot(leaves))) })
}
