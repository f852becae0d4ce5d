/** A blob that we make is a file of IPFS: its own exporter finds it under its CID, whole and in parts, from the blocks that we keep. */
import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { MemoryBlockstore } from 'blockstore-core/memory'
import { exporter } from 'ipfs-unixfs-exporter'
import { CID } from 'multiformats/cid'
import { LEAF_BYTES } from '../../../protocols/core/limits.ts'
import { isLeafRoot } from '../../../protocols/media/root.ts'
import { BlobFiles } from '../../../store/blobs/blob-files.ts'
import { temporaryFolder } from './folders.ts'

const RAW = 0x55
const DAG_PB = 0x70

function cidOf (codec: number, block: Uint8Array): CID {
  return CID.decode(Uint8Array.of(1, codec, 0x12, 32, ...hash('sha256', block, 'buffer')))
}

describe('a blob and IPFS', () => {
  const folder = temporaryFolder()

  for (const bytes of [4_152, LEAF_BYTES, 3 * LEAF_BYTES + 7]) {
    it(`the exporter reads ${bytes} bytes back, all of them and a part`, async () => {
      const blobs = new BlobFiles(join(folder.path, `${bytes}`))
      const content = randomBytes(bytes)
      const draft = await blobs.draft()
      for (let at = 0; at < bytes; at += LEAF_BYTES) await draft.append(content.subarray(at, at + LEAF_BYTES))
      const root = await draft.finish()
      const blob = await blobs.read(root)
      assert.ok(blob !== undefined)
      const store = new MemoryBlockstore()
      for (const node of blob.nodes()) await store.put(cidOf(DAG_PB, node), node)
      for (let index = 0; index < blob.leafCount; index++) {
        const leaf = await blob.leaf(index) ?? new Uint8Array(0)
        await store.put(cidOf(RAW, leaf), leaf)
      }
      await blob.close()
      const entry = await exporter(CID.decode(root), store)
      assert.ok(entry.type === 'file' || entry.type === 'raw')
      assert.equal(entry.type === 'raw', isLeafRoot(root))
      assert.equal(Number(entry.size), bytes)
      const read = async (options: { readonly offset?: number, readonly length?: number }): Promise<Buffer> => {
        const pieces: Uint8Array[] = []
        for await (const piece of entry.content(options)) pieces.push(piece)
        return Buffer.concat(pieces)
      }
      assert.ok(content.equals(await read({})))
      const offset = bytes - 4_000
      assert.ok(content.subarray(offset, offset + 3_000).equals(await read({ offset, length: 3_000 })))
    })
  }
})
