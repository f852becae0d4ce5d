/**
 * Files gone wrong in thousands of ways: what looks into them and what copies them gives an answer, soon, and the process lives. It is this
 * process here, without the one of their own that files have otherwise: what would kill that one kills this test.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readFilmHeader } from '../../node/media/inspect/film-header.ts'
import { pictureOf } from '../../node/media/inspect/picture.ts'
import { recordingOf } from '../../node/media/inspect/recording.ts'
import { strip } from '../../node/media/inspect/strip/strip.ts'
import { typeOf } from '../../node/media/inspect/type.ts'
import { filmWithPositions } from '../node/media/inspect/films.ts'
import { animation, sample, telling, tellingGif, tellingJpeg, tellingPng, tellingWebp } from '../node/media/inspect/pictures.ts'
import { Dice, input } from './mutate.ts'

/** `SKEIN_FUZZ_RUNS` and `SKEIN_FUZZ_SEED` change these for a night, or to replay. */
const RUNS = Number(process.env['SKEIN_FUZZ_RUNS'] ?? 200)
const SEED = Number(process.env['SKEIN_FUZZ_SEED'] ?? 5)
/** For one input; ordinary ones take milliseconds, so that only a runaway reaches it, even on a busy machine. */
const MS_MAX = 20_000
/** Every so many inputs are decoded, too: libvips takes longer than all of ours. */
const DECODE_EACH = 3

const kinds: ReadonlyArray<readonly [name: string, type: string, make: () => Promise<Uint8Array>]> = [
  ['JPEG', 'image/jpeg', tellingJpeg], ['PNG', 'image/png', tellingPng], ['WebP', 'image/webp', tellingWebp], ['GIF', 'image/gif', tellingGif],
  ['WebP that moves', 'image/webp', async () => await animation('webp', 2)], ['AVIF', 'image/avif', async () => await telling().avif({ effort: 0 }).toBuffer()],
  ['HEIC', 'image/heic', async () => await Promise.resolve(sample('photo.heic'))], ['MP4', 'video/mp4', async () => await Promise.resolve(sample('clip.mp4'))],
  ['MOV', 'video/quicktime', async () => await Promise.resolve(sample('clip.mov'))], ['Matroska', 'video/matroska', async () => await Promise.resolve(sample('clip.mkv'))], ['WebM without sizes', 'video/webm', async () => await Promise.resolve(sample('live.webm'))],
  ['film with positions', 'video/mp4', async () => await Promise.resolve(filmWithPositions().film)]
]

describe('files that went wrong', () => {
  let folder = ''
  before(() => { folder = mkdtempSync(path.join(tmpdir(), 'skein-fuzz-')) })
  after(() => rmSync(folder, { recursive: true }))

  for (const [name, type, make] of kinds) {
    it(`are answered for: ${name}`, async () => {
      const dice = new Dice(SEED)
      const seed = await make()
      const outcomes = new Map<string, number>()
      for (let run = 0; run < RUNS; run++) {
        const bytes = input(dice, [seed])
        const startedAtMs = performance.now()
        const outcome = await lookInto(bytes, { type, isDecoded: run % DECODE_EACH === 0 })
        assert.ok(performance.now() - startedAtMs < MS_MAX, `run ${run} of seed ${SEED} took too long`)
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
      assert.ok((outcomes.get('stripped') ?? 0) > RUNS / 20, `inputs reach the end: ${JSON.stringify([...outcomes])}`)
      assert.ok((outcomes.get('refused') ?? 0) > 0, 'and some are found to be damaged')
    })
  }

  /** The walk of the seed's own format, whatever the mutant seems to be; nothing may be thrown. */
  async function lookInto (bytes: Uint8Array, { type, isDecoded }: { readonly type: string, readonly isDecoded: boolean }): Promise<string> {
    const [source, out] = [path.join(folder, 'source'), path.join(folder, 'out')]
    writeFileSync(source, bytes)
    rmSync(out, { force: true })
    const found = await typeOf(source)
    assert.match(found, /^[a-z]+\/[\w.+-]+$/)
    const result = await strip(type, source, out)
    if (result.at === 'stripped') {
      assert.equal(readFileSync(out).length, result.bytes)
      // What a copy is made of can be walked again; a second copy has nothing left to lose.
      const again = await strip(type, out, `${out}-again`)
      rmSync(`${out}-again`, { force: true })
      assert.ok(again.at === 'clean' || again.at === 'refused', `${JSON.stringify(result)} and then ${JSON.stringify(again)}`)
    }
    if (isDecoded && type.startsWith('image/')) await pictureOf(source, () => {})
    if (isDecoded && type.startsWith('video/')) {
      await recordingOf(source, { type, bytes: bytes.length })
      await readFilmHeader(source)
    }
    return result.at
  }
})
