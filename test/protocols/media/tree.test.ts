/** Trees as IPFS's importer makes them, read breadth first and checked; and everything that is none. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { MalformedError } from '../../../protocols/core/errors.ts'
import { isLeafRoot } from '../../../protocols/media/root.ts'
import { BlobTree } from '../../../protocols/media/tree.ts'
import { buildTree } from '../../../protocols/media/tree-builder.ts'
import { makeBlob, sha256 } from '../../node/media/blobs.ts'

describe('the tree of a blob', () => {
  for (const [leafCount, nodeCount] of [[1, 0], [2, 1], [1_024, 1], [1_025, 3], [2_049, 4]] as const) {
    it(`of ${leafCount} leaves has ${nodeCount} inner nodes, is built alike from hashes alone, and knows each leaf`, async () => {
      const blob = await makeBlob(randomBytes(leafCount * 4 - 1), 4)
      assert.equal(isLeafRoot(blob.root), leafCount === 1)
      assert.equal(blob.nodes.length, nodeCount)
      const built = buildTree(Array.from({ length: leafCount }, (_, index) => ({ hash: sha256(blob.leaf(index)), bytes: blob.leaf(index).byteLength })), sha256)
      assert.deepEqual(built.nodes.map(node => Buffer.from(node)), blob.nodes.map(node => Buffer.from(node)))
      assert.deepEqual(built.root, blob.root)
      const tree = new BlobTree(blob.root, leafCount, sha256)
      for (const [place, node] of blob.nodes.entries()) assert.equal(tree.take(node), place === blob.nodes.length - 1)
      assert.equal(tree.isComplete, true)
      for (let index = 0; index < leafCount; index++) assert.equal(tree.isLeaf(index, blob.leaf(index)), true, `leaf ${index}`)
      assert.equal(tree.isLeaf(0, blob.leaf(0).subarray(1)), false)
      assert.equal(tree.isLeaf(leafCount, blob.leaf(0)), false)
    })
  }

  it('is refused when a node is another one, comes twice, or the leaves are not as many as its size says', async () => {
    const blob = await makeBlob(randomBytes(1_030 * 4), 4)
    const [root, first] = blob.nodes
    assert.ok(root !== undefined && first !== undefined)
    const wrong = (take: (tree: BlobTree) => void, leafCount = 1_030): void => { assert.throws(() => { take(new BlobTree(blob.root, leafCount, sha256)) }, MalformedError) }
    wrong(tree => tree.take(first))
    wrong(tree => { tree.take(root); tree.take(root) })
    wrong(tree => { for (const node of blob.nodes) tree.take(node) }, 1_029)
    wrong(tree => { for (const node of [...blob.nodes, root]) tree.take(node) })
    wrong(tree => { tree.take(randomBytes(40)) })
  })
})
