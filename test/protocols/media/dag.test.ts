/** The tree that we make of leaves is the one that IPFS's own importer makes of the whole. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { MemoryBlockstore } from 'blockstore-core/memory'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { CID } from 'multiformats/cid'
import { dagOf } from '../../../protocols/media/dag.ts'
import { rootText } from '../../../protocols/media/root.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

function made (blob: Uint8Array, leafBytes: number): ReturnType<typeof dagOf> {
  const count = Math.max(1, Math.ceil(blob.byteLength / leafBytes))
  const hashes = Array.from({ length: count }, (_, index) => sha256(blob.subarray(index * leafBytes, (index + 1) * leafBytes)))
  return dagOf(hashes, { blobBytes: blob.byteLength, leafBytes }, sha256)
}

async function imported (blob: Uint8Array, leafBytes: number): Promise<{ readonly root: CID, readonly store: MemoryBlockstore }> {
  const store = new MemoryBlockstore()
  const options = { cidVersion: 1, rawLeaves: true, reduceSingleLeafToSelf: true, chunker: fixedSize({ chunkSize: leafBytes }), layout: balanced({ maxChildrenPerNode: 1024 }) } as const
  for await (const { cid } of importer([{ content: [blob] }], store, options)) return { root: cid, store }
  throw new Error('the importer made nothing')
}

describe('the tree of a blob', () => {
  for (const [bytes, leafBytes] of [[1, 16], [16, 16], [17, 16], [1_000, 16], [1024 * 16 - 1, 16], [1024 * 16, 16], [1024 * 16 + 1, 16], [1025 * 16, 16], [2_048 * 16 + 5, 16], [4_152, 2 ** 20], [3 * 2 ** 20 + 99, 2 ** 20]] as const) {
    it(`of ${bytes} bytes in leaves of ${leafBytes} has the root and the nodes that the importer gives`, async () => {
      const blob = randomBytes(bytes)
      const { root, nodes } = made(blob, leafBytes)
      const theirs = await imported(blob, leafBytes)
      assert.equal(rootText(root), theirs.root.toString())
      for (const node of nodes) {
        const cid = CID.decode(Uint8Array.of(1, 0x70, 0x12, 32, ...sha256(node)))
        assert.ok(await theirs.store.has(cid))
      }
      if (nodes[0] !== undefined) assert.deepEqual(sha256(nodes[0]), Buffer.from(root.subarray(4)), 'the root stands first')
    }).timeout(60_000)
  }
})
