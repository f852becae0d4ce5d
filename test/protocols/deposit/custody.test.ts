import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  custodySigningInput, decodeEvidence, encodeEvidence, isCustodySigned, merkleRoot, merkleTree, rootFromPath, storedLeaf, storedSigningInput, verifyEvidence, type Evidence
} from '../../../protocols/deposit/custody.ts'
import { publicKeyOf, sign } from '../../../protocols/core/signed.ts'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { fromString, toString } from 'uint8arrays'
import { BATCH_DEPOSITS_MAX } from '../../../protocols/core/limits.ts'
import { bytesOf } from '../core/arbitraries.ts'
import { assertMalformed, valueOrMalformed } from '../core/codec.ts'

const secret = new Uint8Array(32).fill(9)
const relay = publicKeyOf(secret)

function batch (count: number): Evidence[] {
  const facts = Array.from({ length: count }, (_, index) => ({
    alias: new Uint8Array(24).fill(index), depositId: new Uint8Array(16).fill(index + 1), bodyHash: new Uint8Array(32).fill(index + 2), relayTimeMs: 1_795_000_000_000, expiresAtMs: 1_797_000_000_000 + index, aliasEpoch: new Uint8Array(8).fill(7)
  }))
  const { root, paths } = merkleTree(facts.map(storedLeaf))
  const signature = ed25519.sign(storedSigningInput(root), secret)
  return facts.map((fact, index) => ({ ...fact, index, count, path: paths[index] ?? [], signature }))
}

describe('what a relay has promised', () => {
  it('is proven for each deposit of a batch of any size, by one signature', () => {
    for (const count of [1, 2, 3, 4, 5, 7, 8, 13, 100, BATCH_DEPOSITS_MAX]) {
      for (const evidence of batch(count)) assert.ok(verifyEvidence(evidence, relay), `${evidence.index} of ${count}`)
    }
  })

  it('is not proven when anything about it is changed, nor by another relay', () => {
    const [, evidence] = batch(3)
    assert.ok(evidence !== undefined)
    const changes: ReadonlyArray<Partial<Evidence>> = [
      { alias: new Uint8Array(24).fill(99) }, { depositId: new Uint8Array(16) }, { bodyHash: new Uint8Array(32) }, { relayTimeMs: 1 }, { expiresAtMs: evidence.expiresAtMs + 1 },
      { aliasEpoch: new Uint8Array(8) }, { index: 0 }, { count: 2 }, { path: evidence.path.slice(1) }, { path: [] }, { signature: new Uint8Array(64) }
    ]
    for (const change of changes) assert.equal(verifyEvidence({ ...evidence, ...change }, relay), false, Object.keys(change).join())
    assert.equal(verifyEvidence(evidence, publicKeyOf(new Uint8Array(32).fill(8))), false)
  })

  it('has a path that fits its place only', () => {
    fc.assert(fc.property(fc.array(bytesOf(32), { minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(), (leaves, place, other) => {
      const index = place % leaves.length
      const leaf = leaves[index] ?? new Uint8Array(32)
      const { root, paths } = merkleTree(leaves)
      const path = paths[index] ?? []
      assert.deepEqual(root, merkleRoot(leaves))
      assert.deepEqual(rootFromPath(leaf, { index, count: leaves.length, path }), root)
      const elsewhere = other % leaves.length
      if (elsewhere !== index) assert.notDeepEqual(rootFromPath(leaf, { index: elsewhere, count: leaves.length, path }), root)
    }))
  })

  it('is hashed as the trees of Certificate Transparency are', () => {
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
    const leaves = inputs.map(hex => sha256(Uint8Array.of(0, ...fromString(hex, 'hex'))))
    const roots = new Map([
      [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
      [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
      [7, 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
      [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328']
    ])
    for (const [count, root] of roots) assert.equal(toString(merkleRoot(leaves.slice(0, count)), 'hex'), root, `${count} leaves`)
  })

  it('is kept in a kilobyte and read back; foreign bytes are evidence or malformed', () => {
    for (const count of [1, 5, BATCH_DEPOSITS_MAX]) {
      for (const evidence of batch(count).slice(-2)) {
        const bytes = encodeEvidence(evidence)
        assert.ok(bytes.byteLength <= 1024)
        assert.deepEqual(decodeEvidence(bytes), evidence)
        for (let length = 0; length < bytes.byteLength; length += 7) valueOrMalformed(() => decodeEvidence(bytes.subarray(0, length)))
      }
    }
    assertMalformed(() => decodeEvidence(new Uint8Array(3)), /fields and a path/)
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), bytes => { valueOrMalformed(() => decodeEvidence(bytes)) }))
  })
})

describe('an answer about custody', () => {
  const facts = { nonce: new Uint8Array(32).fill(1), alias: new Uint8Array(24), relayTimeMs: 5, depositIds: [new Uint8Array(16)], states: [1] }

  it('is signed for its question and its states', () => {
    const signature = ed25519.sign(custodySigningInput(facts), secret)
    assert.ok(isCustodySigned(facts, signature, relay))
    for (const change of [{ nonce: new Uint8Array(32) }, { states: [2] }, { relayTimeMs: 6 }, { alias: new Uint8Array(24).fill(1) }, { depositIds: [new Uint8Array(16).fill(1)] }]) {
      assert.equal(isCustodySigned({ ...facts, ...change }, signature, relay), false)
    }
    assert.equal(isCustodySigned(facts, sign('skein/stored/v1', new Uint8Array(1), secret), relay), false)
  })
})
