/** Blobs in a folder, as simply as can be: a file of leaves, a file that says which are there, a file of nodes. For tests of what moves them. */
import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { LEAF_BYTES } from '../../../protocols/core/limits.ts'
import { MalformedError } from '../../../protocols/core/errors.ts'
import { noLeaves, withLeaf } from '../../../protocols/media/leaves.ts'
import { rootText, type BlobRoot } from '../../../protocols/media/root.ts'
import { BlobTree } from '../../../protocols/media/tree.ts'
import type { DownloadSink } from '../../../node/media/download.ts'
import type { LocalBlobs } from '../../../node/media/local-blobs.ts'
import type { PutSource } from '../../../node/media/put-stream.ts'
import type { ServedBlob } from '../../../node/media/serve.ts'

interface Meta { readonly blobBytes: number, readonly nodes: string[], have: string }

export class BlobFolder implements LocalBlobs {
  readonly #path: string
  /** Leaves that were written, in order, by blob. */
  readonly written: Array<{ readonly index: number }> = []

  constructor (path: string) {
    this.#path = path
  }

  async read (root: BlobRoot): Promise<(PutSource & ServedBlob) | undefined> {
    const meta = await this.#meta(root)
    if (meta === undefined) return undefined
    const file = await open(join(this.#path, `${rootText(root)}.leaves`), 'r')
    const have = Buffer.from(meta.have, 'hex')
    return {
      blobBytes: meta.blobBytes,
      leafCount: countOf(meta.blobBytes),
      have,
      nodes: () => meta.nodes.map(node => Buffer.from(node, 'base64')),
      leaf: async index => await readLeaf(file, index, meta.blobBytes),
      close: async () => { await file.close() }
    }
  }

  async write (root: BlobRoot, blobBytes: number): Promise<DownloadSink & { readonly close: () => Promise<void> }> {
    await mkdir(this.#path, { recursive: true })
    const meta = await this.#meta(root) ?? { blobBytes, nodes: [], have: Buffer.from(noLeaves(countOf(blobBytes))).toString('hex') }
    await this.#keep(root, meta)
    const file = await open(join(this.#path, `${rootText(root)}.leaves`), 'a+').then(async made => { await made.close(); return await open(join(this.#path, `${rootText(root)}.leaves`), 'r+') })
    let tree = new BlobTree(root, countOf(blobBytes), sha256)
    for (const node of meta.nodes) tree.take(Buffer.from(node, 'base64'))
    let keeping = Promise.resolve()
    return {
      leafCount: countOf(blobBytes),
      have: Buffer.from(meta.have, 'hex'),
      get hasTree () { return tree.isComplete },
      treeReader: () => {
        const own = new BlobTree(root, countOf(blobBytes), sha256)
        const nodes: string[] = []
        return {
          take: async bytes => {
            const isLast = own.take(bytes)
            nodes.push(Buffer.from(bytes).toString('base64'))
            if (isLast && !tree.isComplete) {
              tree = own
              meta.nodes.push(...nodes)
              await this.#keep(root, meta)
            }
            return isLast
          }
        }
      },
      write: async (index, bytes) => {
        if (!tree.isLeaf(index, bytes)) throw new MalformedError('leaf of a blob', 'must be the one of its place')
        await file.write(bytes, 0, bytes.byteLength, index * LEAF_BYTES)
        meta.have = Buffer.from(withLeaf(Buffer.from(meta.have, 'hex'), index, true)).toString('hex')
        this.written.push({ index })
        keeping = keeping.then(async () => { await this.#keep(root, meta) })
        await keeping
      },
      close: async () => {
        await keeping
        await file.close()
      }
    }
  }

  async remove (root: BlobRoot): Promise<void> {
    for (const ending of ['leaves', 'json']) await rm(join(this.#path, `${rootText(root)}.${ending}`), { force: true })
  }

  async #meta (root: BlobRoot): Promise<Meta | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#path, `${rootText(root)}.json`), 'utf8')) as Meta
    } catch {
      return undefined
    }
  }

  async #keep (root: BlobRoot, meta: Meta): Promise<void> { await writeFile(join(this.#path, `${rootText(root)}.json`), JSON.stringify(meta)) }
}

export function sha256 (bytes: Uint8Array): Uint8Array { return createHash('sha256').update(bytes).digest() }

function countOf (blobBytes: number): number { return Math.ceil(blobBytes / LEAF_BYTES) }

async function readLeaf (file: FileHandle, index: number, blobBytes: number): Promise<Uint8Array> {
  const leaf = new Uint8Array(Math.min(LEAF_BYTES, blobBytes - index * LEAF_BYTES))
  await file.read(leaf, 0, leaf.byteLength, index * LEAF_BYTES)
  return leaf
}
