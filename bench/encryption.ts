/** A file becomes a blob and a file again, on one machine: speed beside the same bytes copied, and what it costs in memory. */
import { randomFillSync } from 'node:crypto'
import { open, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Child } from './children.ts'
import type { EncryptionCalls } from './encryption-process.ts'
import { median } from './figures.ts'
import { REPETITIONS, type Run } from './suite.ts'

const SUITE = 'A file to a blob and back, file to file, one process'
const MIB = 2 ** 20
const FILE_MIB = 1_024
const FILE_MIB_QUICK = 256
const ENCRYPT_MB_PER_SECOND = 300
const PEAK_MIB = 200

export async function measureEncryption ({ folder, isQuick, report, note }: Run): Promise<void> {
  const mib = isQuick ? FILE_MIB_QUICK : FILE_MIB
  const own = join(folder, 'encryption')
  await mkdir(own, { recursive: true })
  const path = join(own, 'file')
  await fill(path, mib)
  await using child = new Child<EncryptionCalls>(new URL('./encryption-process.ts', import.meta.url), { folder })
  const speeds = { encrypt: [] as number[], decrypt: [] as number[], raw: [] as number[], cpu: [] as number[] }
  const megabytes = mib * MIB / 1e6
  let rssBytes = 0
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const took = await child.ask('measure', { folder: own, path })
    speeds.encrypt.push(megabytes / took.encryptMs * 1_000)
    speeds.decrypt.push(megabytes / took.decryptMs * 1_000)
    speeds.raw.push(megabytes / took.rawMs * 1_000)
    speeds.cpu.push(megabytes / took.cpuMs * 1_000)
    rssBytes = took.rssBytes
    note(`${mib} MiB, ${repetition + 1} of ${REPETITIONS}: ${speeds.encrypt.at(-1)?.toFixed(0)} MB/s beside ${speeds.raw.at(-1)?.toFixed(0)} MB/s of a copy; ${speeds.cpu.at(-1)?.toFixed(0)} MB for a second of CPU`)
  }
  const limit = { value: median(speeds.raw), of: 'read, hashed once, written' }
  report({ suite: SUITE, what: `${mib} MiB encrypted, hashed twice, named by its tree, durable`, value: median(speeds.encrypt), unit: 'MB/s', limit, budget: { type: 'atLeast', value: ENCRYPT_MB_PER_SECOND } })
  report({ suite: SUITE, what: 'decrypted, its hash compared, durable', value: median(speeds.decrypt), unit: 'MB/s', limit })
  report({ suite: SUITE, what: 'encrypted for each second of CPU', value: median(speeds.cpu), unit: 'MB/s' })
  report({ suite: SUITE, what: 'the most memory meanwhile', value: rssBytes / MIB, unit: 'MiB', budget: { type: 'atMost', value: PEAK_MIB } })
}

/** Nothing that a disk or a cipher could make short. */
async function fill (path: string, mib: number): Promise<void> {
  await using file = await open(path, 'w')
  for (let index = 0; index < mib; index++) await file.writeFile(randomFillSync(Buffer.allocUnsafe(MIB)))
  await file.sync()
}
