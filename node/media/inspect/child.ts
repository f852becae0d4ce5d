/**
 * The process that touches a file which may be hostile: started for one job, told it over its channel, gone after the answer. It has nothing
 * of the node: no keys, no sockets, no environment. inspector.ts starts it and ends it when it takes too long.
 */
import { stat } from 'node:fs/promises'
import { realClock } from '../../world.ts'
import { readFilmHeader } from './film-header.ts'
import type { Inspection } from './inspection.ts'
import { EXIT_MEMORY, UNKNOWN } from './job.ts'
import type { Job, Report } from './job.ts'
import { strip } from './strip/strip.ts'
import { typeOf } from './type.ts'

const WATCH_MS = 25

function report (message: Report, then?: () => void): void {
  process.send?.(message, undefined, undefined, then)
}

/** Decoding happens in other threads, so that this one can look after it. */
function watchMemory (bytesMax: number): void {
  if (process.memoryUsage.rss() > bytesMax) process.exit(EXIT_MEMORY)
  realClock.timer(WATCH_MS, () => watchMemory(bytesMax))
}

async function run (job: Job): Promise<Report> {
  const found = await typeOf(job.path)
  report({ is: 'seen', type: found, width: 0, height: 0 })
  if (job.do === 'strip') return { is: 'stripped', result: await strip(found, job.path, job.outPath) }
  return { is: 'inspection', inspection: await inspect(job.path, found) }
}

/** What is not needed is not loaded: decoders are most of what starting this process costs. */
async function inspect (path: string, type: string): Promise<Inspection> {
  const bare: Inspection = { type, bytes: (await stat(path)).size, width: 0, height: 0, durationMs: 0, isVoice: false }
  if (type.startsWith('image/')) return await inspectPicture(path, bare)
  if (!/^(audio|video)\/|^application\/ogg$/.test(type)) return bare
  const { recordingOf } = await import('./recording.ts')
  const recording = await recordingOf(path, bare)
  if (!/^video\/(mp4|quicktime|x-m4v|3gpp)/.test(recording.type)) return { ...bare, ...recording }
  // Its header tells how the picture is turned, and what is played of the tracks: a parser of sound takes all of theirs.
  const header = await readFilmHeader(path)
  return { ...bare, ...recording, width: header.width, height: header.height, durationMs: header.durationMs > 0 ? header.durationMs : recording.durationMs }
}

async function inspectPicture (path: string, bare: Inspection): Promise<Inspection> {
  const { isDecoded, pictureOf } = await import('./picture.ts')
  const picture = isDecoded(bare.type) ? await pictureOf(path, size => report({ is: 'seen', type: bare.type, ...size })) : undefined
  if (picture !== undefined) return { ...bare, ...picture }
  // A HEIC is one although no decoder may be here for it; what merely begins like a picture that could be decoded is none.
  return isDecoded(bare.type) && !/hei[cf]$/.test(bare.type) ? { ...bare, type: UNKNOWN } : { ...bare, trouble: 'undecodable' }
}

process.once('message', (job: Job) => {
  watchMemory(job.memoryBytesMax)
  run(job)
    .catch((thrown: unknown): Report => ({ is: 'fault', message: thrown instanceof Error ? thrown.message : 'unknown fault' }))
    .then(message => report(message, () => process.exit()), () => process.exit(1))
})
process.once('disconnect', () => process.exit())
