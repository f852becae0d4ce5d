/** Trees as IPFS's importer makes them, read breadth first and checked; and everything that is none. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { MalformedError } from '../../../protocols/core/errors.ts'
import { isLeafRoot } from '../../../protocols/media/root.ts'
import { BlobTree } from '../../../protocols/media/tree.ts'
import { sha256 } from '../../node/media/blob-folder.ts'
import { makeBlob } from '../../node/media/blobs.ts'

describe('the tree of a blob', () => {
  for (const [leafCount, nodeCount] of [[1, 0], [2, 1], [1_024, 1], [1_025, 2], [2_049, 3], [2_500, 4]] as const) {
    it(`of ${leafCount} leaves has ${nodeCount} inner nodes or one more, and knows each leaf`, async () => {
      const blob = await makeBlob(randomBytes(leafCount * 4), 4)
      assert.equal(isLeafRoot(blob.root), leafCount === 1)
      assert.ok(blob.nodes.length === nodeCount || blob.nodes.length === nodeCount + 1, `${blob.nodes.length}`)
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
