/**
 * Whoever fetches or brings a blob is killed in the middle of it, again and again: it goes on where it was, sends next to nothing twice, and what
 * arrives is the same to the last bit. SKEIN_MEDIA_MIB and SKEIN_MEDIA_KILLS: more of it.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes, hash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { serveBlobs } from '../../node/media/serve.ts'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import { realClock } from '../../node/world.ts'
import { LEAF_BYTES } from '../../protocols/core/limits.ts'
import type { BlobRoot } from '../../protocols/media/root.ts'
import { BlobFiles } from '../../store/blobs/blob-files.ts'
import { scratchFolder } from '../integration/folders.ts'
import { FarRelay, LOOPBACK } from '../node/media/far-relay.ts'
import type { MoverTask } from './mover.ts'
import { seedOfThisRun } from './seed.ts'

const SEED = seedOfThisRun()
const LEAVES = Number(process.env['SKEIN_MEDIA_MIB'] ?? 64)
const KILLS = Number(process.env['SKEIN_MEDIA_KILLS'] ?? 10)
const READ_KEY = new Uint8Array(32).fill(3)
const MOVER = join(import.meta.dirname, 'mover.ts')
/** Of one that was killed: what was on its way, and what had come and was not written. */
const TWICE_MAX = 2

describe(`a process that moves a blob and is killed (CRASH_SEED=${SEED})`, function () {
  this.timeout(Math.max(120_000, LEAVES * KILLS * 500))

  it(`goes on where it was when it fetches, ${KILLS} times in ${LEAVES} MiB`, async () => {
    await using stack = new AsyncDisposableStack()
    const { path } = stack.use(await scratchFolder())
    const made = await make(new BlobFiles(join(path, 'theirs')))
    const network = stack.adopt(new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [LOOPBACK], agentVersion: 'test', clock: realClock }), async started => { await started.stop() })
    const killer = new Killer()
    serveBlobs({ network, clock: realClock, find: async root => await made.files.read(root), onServed: () => { killer.moved() } })
    await network.start()
    const target = { peerId: network.peerId, addresses: network.addresses() }
    await killer.run(taskOf('fetch', { made, folder: join(path, 'ours'), target }))
    const { sha256, have } = await readAll(new BlobFiles(join(path, 'ours')), made.root)
    assert.equal(have, made.leafCount)
    assert.equal(sha256, made.sha256)
    assert.ok(killer.movedCount <= made.leafCount + KILLS * TWICE_MAX, `${killer.movedCount} leaves sent for ${made.leafCount}`)
  })

  it(`goes on where it was when it brings, ${KILLS} times in ${LEAVES} MiB`, async () => {
    await using stack = new AsyncDisposableStack()
    const { path } = stack.use(await scratchFolder())
    const made = await make(new BlobFiles(path))
    const relay = stack.use(await FarRelay.start())
    const killer = new Killer()
    relay.onLeaf = () => { killer.moved() }
    await killer.run(taskOf('put', { made, folder: path, target: relay.target }))
    assert.ok(relay.hasAll(made.root))
    assert.equal(relay.sha256(made.root), made.sha256)
    assert.ok(relay.came.length <= made.leafCount + KILLS * TWICE_MAX, `${relay.came.length} leaves sent for ${made.leafCount}`)
  })
})

interface Made { readonly files: BlobFiles, readonly root: BlobRoot, readonly blobBytes: number, readonly leafCount: number, readonly sha256: string }

async function make (files: BlobFiles): Promise<Made> {
  const draft = await files.draft()
  for (let index = 0; index < LEAVES; index++) await draft.append(randomBytes(LEAF_BYTES))
  const root = await draft.finish()
  return { files, root, blobBytes: LEAVES * LEAF_BYTES, leafCount: LEAVES, sha256: (await readAll(files, root)).sha256 }
}

/** A hash of the hashes of all leaves. */
async function readAll (files: BlobFiles, root: BlobRoot): Promise<{ readonly sha256: string, readonly have: number }> {
  const reader = await files.read(root)
  assert.ok(reader !== undefined)
  const hashes: Uint8Array[] = []
  for (let index = 0; index < reader.leafCount; index++) {
    const leaf = await reader.leaf(index)
    if (leaf !== undefined) hashes.push(hash('sha256', leaf, 'buffer'))
  }
  await reader.close()
  return { sha256: hash('sha256', Buffer.concat(hashes)), have: hashes.length }
}

function taskOf (does: MoverTask['does'], { made, folder, target }: { readonly made: Made, readonly folder: string, readonly target: MoverTask['target'] }): MoverTask {
  return { does, folder, target, root: Buffer.from(made.root).toString('hex'), readKey: Buffer.from(READ_KEY).toString('hex'), blobBytes: made.blobBytes, leafCount: made.leafCount }
}

/** Starts the process anew until it is done, and kills it whenever so much has moved as chance says. */
class Killer {
  movedCount = 0
  readonly #points: number[]
  #kill: () => void = () => {}

  constructor () {
    let state = SEED
    this.#points = Array.from({ length: KILLS }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return 1 + state % (LEAVES - 2)
    }).sort((left, right) => left - right)
  }

  moved (): void {
    this.movedCount += 1
    if (this.#points[0] === undefined || this.movedCount < this.#points[0]) return
    this.#points.shift()
    this.#kill()
  }

  async run (task: MoverTask): Promise<void> {
    for (let attempt = 0; attempt <= KILLS; attempt++) {
      const child = spawn(process.execPath, [MOVER, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => { said += text })
      this.#kill = () => { child.kill('SIGKILL') }
      const [code, signal] = await once(child, 'close') as [number | null, string | null]
      if (signal === 'SIGKILL') continue
      assert.equal(code, 0)
      assert.equal(said, 'done\n')
      return
    }
    throw new Error('it was killed more often than it should be')
  }
}
