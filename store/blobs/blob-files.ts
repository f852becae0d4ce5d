/**
 * Blobs as files in one folder. What is complete is one file: leaves in their places, then the inner nodes of the tree, then a footer. What is not has
 * two: the leaves that are there, in their places, and beside them which ones those are, and the nodes. A killed process loses nothing of it; a power
 * cut may, so that what was unfinished is hashed again before more is added. Law: docs/protocols/media.md, "Blob".
 */
import { hash, webcrypto } from 'node:crypto'
import { open, readdir, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { fromString } from 'uint8arrays'
import { MalformedError, SkeinError } from '../../protocols/core/errors.ts'
import { LEAF_BYTES } from '../../protocols/core/limits.ts'
import { hasLeaf, noLeaves, withLeaf } from '../../protocols/media/leaves.ts'
import { blobRoot, rootText, type BlobRoot } from '../../protocols/media/root.ts'
import { BlobTree } from '../../protocols/media/tree.ts'
import { buildTree, type MadeLeaf } from '../../protocols/media/tree-builder.ts'
import { codeOf, fileFault } from '../faults.ts'
import { makeFolderDurably, syncFolder } from '../files.ts'
import { footerOf, joinNodes, markLeaf, readFooter, readHave, writeHave } from './layout.ts'

const NO_HASH = new Uint8Array(0)
const PRIVATE_FILE = 0o600
const WHAT = 'a file that goes with a message cannot be kept'

/** A blob on the disk, as far as it is there. */
export interface StoredBlobReader {
  readonly blobBytes: number
  readonly leafCount: number
  /** A bit for each leaf that is there. */
  readonly have: Uint8Array
  /** Inner nodes, breadth first; none of a blob of one leaf, or while they are not known. */
  readonly nodes: () => readonly Uint8Array[]
  /** undefined: it is not there, or not any more. */
  readonly leaf: (index: number) => Promise<Uint8Array | undefined>
  readonly close: () => Promise<void>
}

/** A blob that comes from elsewhere, block by block. */
export interface BlobSink {
  readonly leafCount: number
  readonly have: Uint8Array
  readonly hasTree: boolean
  /** Nodes as they come from one source, breadth first; `take` says whether that was the last one. @throws MalformedError, StorageError */
  readonly treeReader: () => { readonly take: (bytes: Uint8Array) => Promise<boolean> }
  /** @throws MalformedError when it is not the leaf of this place, StorageError */
  readonly write: (index: number, bytes: Uint8Array) => Promise<void>
  /** What is complete by now is so for certain, also without power. Idempotent. @throws StorageError */
  readonly close: () => Promise<void>
}

/** A blob that is being made here, leaf after leaf. */
export interface BlobDraft {
  /** Leaves may be under way together; they stand in the order of the calls. */
  readonly append: (leaf: Uint8Array) => Promise<void>
  readonly finish: () => Promise<BlobRoot>
  readonly abandon: () => Promise<void>
}

export class BlobFiles {
  readonly #folder: string
  /** Unfinished ones that this process has looked at or written: their marks are right. */
  readonly #sound = new Set<string>()
  #draftCount = 0

  /** The folder is made when something is to be written. */
  constructor (folder: string) {
    this.#folder = folder
  }

  /** @throws StorageError */
  async draft (): Promise<BlobDraft> {
    const path = join(this.#folder, `${process.pid}-${this.#draftCount++}${DRAFT}`)
    const file = await this.#made(path)
    const leaves: MadeLeaf[] = []
    let isOver = false
    const end = async (): Promise<void> => {
      isOver = true
      await file.close()
    }
    return {
      append: async leaf => {
        const index = leaves.push({ hash: NO_HASH, bytes: leaf.byteLength }) - 1
        // Beside this thread, both: hashing a leaf takes longer than encrypting it.
        const [hash] = await faulty(async () => await Promise.all([webcrypto.subtle.digest('SHA-256', leaf as Uint8Array<ArrayBuffer>), writeAt(file, leaf, index * LEAF_BYTES)]))
        leaves[index] = { hash: new Uint8Array(hash), bytes: leaf.byteLength }
      },
      finish: async () => {
        const { root, nodes } = buildTree(leaves, sha256)
        const blobBytes = leaves.reduce((total, { bytes }) => total + bytes, 0)
        await faulty(async () => {
          await complete(file, blobBytes, nodes)
          await end()
          await rename(path, this.#path(root, COMPLETE))
          syncFolder(this.#folder)
        })
        return root
      },
      abandon: async () => {
        if (isOver) return
        await end()
        await faulty(async () => { await rm(path, { force: true }) })
      }
    }
  }

  /** undefined: nothing of it is here. @throws StorageError */
  async read (root: BlobRoot): Promise<StoredBlobReader | undefined> {
    return await faulty(async () => await this.#readComplete(root) ?? await this.#readPart(root))
  }

  /** What is there already stays. @throws StorageError */
  async write (root: BlobRoot, blobBytes: number): Promise<BlobSink> {
    return await faulty(async () => {
      const whole = await this.#readComplete(root)
      if (whole !== undefined) return sinkOfWhole(whole)
      const part = await this.#openPart(root, blobBytes)
      return new PartSink(root, part, async () => {
        await rename(this.#path(root, PART), this.#path(root, COMPLETE))
        await rm(this.#path(root, HAVE), { force: true })
        syncFolder(this.#folder)
        this.#sound.delete(rootText(root))
      })
    })
  }

  /** Whether all of it is here, without a look into it. @throws StorageError */
  async isWhole (root: BlobRoot): Promise<boolean> {
    const file = await faulty(async () => await openIfThere(this.#path(root, COMPLETE), 'r'))
    await file?.close()
    return file !== undefined
  }

  /** Nothing happens when it is not there. @throws StorageError */
  async remove (root: BlobRoot): Promise<void> {
    this.#sound.delete(rootText(root))
    await faulty(async () => { for (const ending of [COMPLETE, PART, HAVE]) await rm(this.#path(root, ending), { force: true }) })
  }

  /** All of which something is here. Drafts of earlier runs are removed. @throws StorageError */
  async sweep (): Promise<readonly BlobRoot[]> {
    const names = await faulty(async () => await readdir(this.#folder).catch((thrown: unknown) => {
      if (codeOf(thrown) === 'ENOENT') return []
      throw thrown
    }))
    const roots = new Map<string, BlobRoot>()
    for (const name of names) {
      const root = [COMPLETE, PART].flatMap(ending => name.endsWith(ending) ? rootOf(name.slice(0, -ending.length)) ?? [] : [])[0]
      if (root !== undefined) roots.set(rootText(root), root)
      else if (name.endsWith(DRAFT)) await faulty(async () => { await rm(join(this.#folder, name), { force: true }) })
    }
    return [...roots.values()]
  }

  async #readComplete (root: BlobRoot): Promise<StoredBlobReader | undefined> {
    const file = await openIfThere(this.#path(root, COMPLETE), 'r')
    if (file === undefined) return undefined
    await using opened = new AsyncDisposableStack()
    opened.use(file)
    const footer = await readFooter(file)
    if (footer === undefined) {
      // Nobody can tell what was in it: it makes way for whoever brings it again.
      await rm(this.#path(root, COMPLETE), { force: true })
      return undefined
    }
    const { blobBytes, nodes } = footer
    opened.move()
    const leafCount = leafCountOf(blobBytes)
    return { blobBytes, leafCount, have: all(leafCount), nodes: () => nodes, leaf: async index => await faulty(async () => await readLeaf(file, index, blobBytes)), close: async () => { await file.close() } }
  }

  async #readPart (root: BlobRoot): Promise<StoredBlobReader | undefined> {
    const haveFile = await openIfThere(this.#path(root, HAVE), 'r')
    if (haveFile === undefined) return undefined
    const { blobBytes, have, nodes } = await readHave(haveFile).finally(async () => { await haveFile.close() })
    if (blobBytes === 0) return undefined
    const file = await openIfThere(this.#path(root, PART), 'r')
    const tree = treeOf(root, leafCountOf(blobBytes), nodes)
    if (file === undefined || !tree.isComplete) {
      await file?.close()
      return undefined
    }
    return {
      blobBytes,
      leafCount: leafCountOf(blobBytes),
      have,
      nodes: () => nodes,
      // A power cut may have left a mark without its leaf.
      leaf: async index => {
        const bytes = hasLeaf(have, index) ? await faulty(async () => await readLeaf(file, index, blobBytes)) : undefined
        return bytes !== undefined && tree.isLeaf(index, bytes) ? bytes : undefined
      },
      close: async () => { await file.close() }
    }
  }

  async #openPart (root: BlobRoot, blobBytes: number): Promise<Part> {
    await using opened = new AsyncDisposableStack()
    const known = await openIfThere(this.#path(root, HAVE), 'r+')
    const haveFile = opened.use(known ?? await this.#made(this.#path(root, HAVE)))
    const file = opened.use(await openIfThere(this.#path(root, PART), 'r+') ?? await this.#made(this.#path(root, PART)))
    const leafCount = leafCountOf(blobBytes)
    const before = known === undefined ? undefined : await readHave(haveFile)
    const tree = treeOf(root, leafCount, before?.blobBytes === blobBytes ? before.nodes : [])
    const isUsable = tree.isComplete && before?.blobBytes === blobBytes
    const have = !isUsable ? noLeaves(leafCount) : this.#sound.has(rootText(root)) ? before.have : await verified(before.have, { file, tree, blobBytes })
    this.#sound.add(rootText(root))
    const nodes = isUsable ? before.nodes : []
    await writeHave(haveFile, { blobBytes, have, nodes })
    opened.move()
    return { file, haveFile, tree, blobBytes, have, nodes }
  }

  async #made (path: string): Promise<FileHandle> {
    return await faulty(async () => {
      makeFolderDurably(this.#folder)
      return await open(path, 'w+', PRIVATE_FILE)
    })
  }

  #path (root: BlobRoot, ending: string): string { return join(this.#folder, rootText(root) + ending) }
}

const COMPLETE = '.blob'
const PART = '.part'
const HAVE = '.have'
const DRAFT = '.draft'

interface Part {
  readonly file: FileHandle
  readonly haveFile: FileHandle
  readonly tree: BlobTree
  readonly blobBytes: number
  readonly have: Uint8Array
  readonly nodes: readonly Uint8Array[]
}

class PartSink implements BlobSink {
  readonly leafCount: number
  readonly #root: BlobRoot
  readonly #part: Part
  readonly #promote: () => Promise<void>
  #tree: BlobTree
  #nodes: readonly Uint8Array[]
  #have: Uint8Array
  #missingCount: number
  #isClosed = false

  constructor (root: BlobRoot, part: Part, promote: () => Promise<void>) {
    this.#root = root
    this.#part = part
    this.#promote = promote
    this.#tree = part.tree
    this.#nodes = part.nodes
    this.#have = part.have
    this.leafCount = leafCountOf(part.blobBytes)
    this.#missingCount = Array.from({ length: this.leafCount }, (_, index) => hasLeaf(part.have, index)).filter(isThere => !isThere).length
  }

  get have (): Uint8Array { return this.#have }
  get hasTree (): boolean { return this.#tree.isComplete }

  treeReader (): { readonly take: (bytes: Uint8Array) => Promise<boolean> } {
    const tree = new BlobTree(this.#root, this.leafCount, sha256)
    const nodes: Uint8Array[] = []
    return {
      take: async bytes => {
        const isLast = tree.take(bytes)
        nodes.push(Uint8Array.from(bytes))
        if (!isLast || this.#tree.isComplete) return isLast
        this.#tree = tree
        this.#nodes = nodes
        await faulty(async () => { await writeHave(this.#part.haveFile, { blobBytes: this.#part.blobBytes, have: this.#have, nodes }) })
        return true
      }
    }
  }

  async write (index: number, bytes: Uint8Array): Promise<void> {
    // Of the wrong size it would stand in the place of others, or be read with what stands behind it, whatever its hash says.
    const isInPlace = this.#tree.leafName(index) !== undefined && bytes.byteLength === leafBytesAt(index, this.#part.blobBytes)
    if (!isInPlace) throw notThisLeaf()
    if (hasLeaf(this.#have, index)) return
    await faulty(async () => {
      // Beside this thread, both. What is wrong stands in a place that is not marked, and is written over.
      const [hash] = await Promise.all([hashBeside(bytes), writeAt(this.#part.file, bytes, index * LEAF_BYTES)])
      if (!this.#tree.isLeafHash(index, hash)) throw notThisLeaf()
      if (hasLeaf(this.#have, index)) return
      this.#have = withLeaf(this.#have, index, true)
      this.#missingCount -= 1
      await markLeaf(this.#part.haveFile, this.#have, index)
    })
  }

  async close (): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const { file, haveFile, blobBytes } = this.#part
    await faulty(async () => {
      try {
        if (this.#missingCount === 0) await complete(file, blobBytes, this.#nodes)
      } finally {
        await file.close()
        await haveFile.close()
      }
      if (this.#missingCount === 0) await this.#promote()
    })
  }
}

/** Nothing is missing: whoever fetches it is done at once. */
function sinkOfWhole ({ leafCount, have, close }: StoredBlobReader): BlobSink {
  return { leafCount, have, hasTree: true, treeReader: () => ({ take: () => Promise.resolve(true) }), write: () => Promise.resolve(), close }
}

/** What was there before this process began is looked at again. */
async function verified (have: Uint8Array, { file, tree, blobBytes }: Pick<Part, 'file' | 'tree' | 'blobBytes'>): Promise<Uint8Array> {
  const right = Uint8Array.from(have)
  for (let index = 0; index < leafCountOf(blobBytes); index++) {
    if (!hasLeaf(have, index)) continue
    const bytes = await readLeaf(file, index, blobBytes)
    if (bytes === undefined || !tree.isLeaf(index, bytes)) right[index >>> 3] = (right[index >>> 3] ?? 0) & ~(1 << (index & 7))
  }
  return right
}

/** Nodes that are damaged are asked for again. */
function treeOf (root: BlobRoot, leafCount: number, nodes: readonly Uint8Array[]): BlobTree {
  const tree = new BlobTree(root, leafCount, sha256)
  try {
    for (const node of nodes) tree.take(node)
    return tree
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return new BlobTree(root, leafCount, sha256)
  }
}

async function complete (file: FileHandle, blobBytes: number, nodes: readonly Uint8Array[]): Promise<void> {
  const tail = joinNodes(nodes)
  await writeAt(file, tail, blobBytes)
  await writeAt(file, footerOf(blobBytes, tail.byteLength), blobBytes + tail.byteLength)
  await file.datasync()
}

async function readLeaf (file: FileHandle, index: number, blobBytes: number): Promise<Uint8Array | undefined> {
  // Not zeroed first: all of it is overwritten, or none of it shown.
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(leafBytesAt(index, blobBytes)).buffer)
  for (let read = 0; read < bytes.byteLength;) {
    const { bytesRead } = await file.read(bytes, read, bytes.byteLength - read, index * LEAF_BYTES + read)
    if (bytesRead === 0) return undefined
    read += bytesRead
  }
  return bytes
}

async function writeAt (file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.byteLength;) written += (await file.write(bytes, written, bytes.byteLength - written, position + written)).bytesWritten
}

async function openIfThere (path: string, flags: 'r' | 'r+'): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags)
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined
    throw thrown
  }
}

/** Whatever the file system says, as a fault. */
async function faulty<T> (work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof SkeinError) throw thrown
    throw fileFault(thrown, WHAT)
  }
}

function rootOf (text: string): BlobRoot | undefined {
  try {
    return blobRoot(fromString(text.slice(1), 'base32'))
  } catch {
    return undefined
  }
}

function all (leafCount: number): Uint8Array {
  return noLeaves(leafCount).map((_, place) => leafCount - place * 8 >= 8 ? 0xff : (1 << (leafCount % 8)) - 1)
}

function leafBytesAt (index: number, blobBytes: number): number { return Math.min(LEAF_BYTES, blobBytes - index * LEAF_BYTES) }

function leafCountOf (blobBytes: number): number { return Math.max(1, Math.ceil(blobBytes / LEAF_BYTES)) }

function sha256 (bytes: Uint8Array): Uint8Array { return hash('sha256', bytes, 'buffer') }

function notThisLeaf (): MalformedError { return new MalformedError('leaf of a blob', 'must be the one of its place') }

async function hashBeside (bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await webcrypto.subtle.digest('SHA-256', bytes))
}
