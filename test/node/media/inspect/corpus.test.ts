/**
 * Real files, out of the test data and examples of other packages: photos of cameras and phones with Exif, XMP, IPTC, places and previews
 * (exif, exif-js, exif-parser), animations (gifuct-js), one recording in ten formats (audio-lena), a document (exif-js). Places are
 * looked for by exif-parser and in the bytes, which is not how they were removed.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { createInspector } from '../../../../node/media/inspect/inspector.ts'
import { strip } from '../../../../node/media/inspect/strip/strip.ts'
import { typeOf } from '../../../../node/media/inspect/type.ts'

interface ExifParser { readonly create: (bytes: Buffer) => { readonly parse: () => { readonly tags: Readonly<Record<string, unknown>> } } }

const require = createRequire(import.meta.url)
const exifParser = require('exif-parser') as ExifParser
/** Some packages hide all but their code from `require`. */
const folderOf = (name: string): string => (require.resolve.paths(name) ?? []).map(place => path.join(place, name)).find(place => existsSync(place)) ?? name

/** Where it was taken is told by these. */
const WITH_PLACE = ['exif/test/test1.jpg', 'exif/test/test2.jpg', 'exif/test/test3.jpg', 'exif-parser/test/starfish.jpg']
const PHOTOS = [
  ...WITH_PLACE, 'exif/test/short-ascii-II.jpg', 'exif/test/down-mirrored.jpg', 'exif/test/right.jpg', 'exif/test/evil1.jpg', 'exif/test/lens_info.jpg', 'exif/test/short-ascii-MM.jpg',
  'exif/test/sony-alpha-6000.jpg', 'exif-parser/test/test.jpg', 'exif-js/example/DSCN0614_small.jpg', 'exif-js/example/dsc_09827.jpg', 'exif-js/example/Bush-dog.jpg',
  'exif-js/example/Bloated-Hero.jpg'
]
const ANIMATIONS = ['gifuct-js/demo/dog.gif', 'gifuct-js/demo/jblack.gif', 'gifuct-js/demo/horses.gif']
const RECORDINGS = {
  'lena.mp3': 'audio/mpeg',
  'lena.ogg': 'audio/ogg',
  'lena.opus': 'audio/ogg',
  'lena.wav': 'audio/wav',
  'lena.flac': 'audio/flac',
  'lena.m4a': 'audio/mp4',
  'lena.aac': 'audio/aac',
  'lena.webm': 'audio/webm',
  'lena-vorbis.webm': 'audio/webm',
  'lena.aiff': 'audio/aiff'
}
const TRACES = /ns\.adobe\.com|Photoshop 3\.0|NIKON|Canon|SONY|Apple|Samsung|GPS/

function fileOf (name: string): string {
  const [owner = '', ...rest] = name.split('/')
  return path.join(folderOf(owner), ...rest)
}

function tagsOf (bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    return exifParser.create(bytes).parse().tags
  } catch {
    // It gives up at Exif that is as odd as in some of these files.
    return {}
  }
}

describe('files as they are found in the world', () => {
  let folder = ''
  before(() => { folder = mkdtempSync(path.join(tmpdir(), 'skein-corpus-')) })
  after(() => rmSync(folder, { recursive: true }))

  for (const name of PHOTOS) {
    it(`lose what they tell and no pixel: ${name}`, async () => {
      const [source, out] = [fileOf(name), path.join(folder, name.replaceAll('/', '-'))]
      const result = await strip(await typeOf(source), source, out)
      assert.ok(result.at === 'stripped', JSON.stringify(result))
      const [before, after] = [readFileSync(source), readFileSync(out)]
      const orientation = (await sharp(before).metadata()).orientation ?? 1
      if (WITH_PLACE.includes(name)) {
        assert.ok(result.removed.includes('location'))
        assert.equal(typeof tagsOf(before)['GPSLatitude'], 'number', 'the other reader can see it')
      }
      const tags = tagsOf(after)
      assert.deepEqual(tags, orientation === 1 ? {} : { Orientation: orientation })
      assert.doesNotMatch(after.toString('latin1'), TRACES)
      const { exif, iptc, xmp, orientation: left } = await sharp(after).metadata()
      assert.deepEqual([iptc, xmp, left ?? 1, (exif?.length ?? 0) <= 32], [undefined, undefined, orientation, true])
      const pixels = async (bytes: Buffer): Promise<Buffer> => await sharp(bytes, { failOn: 'none' }).autoOrient().raw().toBuffer()
      assert.ok((await pixels(before)).equals(await pixels(after)), 'it shows what it showed')
    })
  }

  for (const name of ANIMATIONS) {
    it(`go on moving: ${name}`, async () => {
      const [source, out] = [fileOf(name), path.join(folder, path.basename(name))]
      const result = await strip(await typeOf(source), source, out)
      if (result.at === 'clean') return
      assert.ok(result.at === 'stripped')
      const shown = async (file: string): Promise<unknown> => (({ pages, delay, loop, width, pageHeight }) => ({ pages, delay, loop, width, pageHeight }))(await sharp(file, { animated: true }).metadata())
      assert.deepEqual(await shown(out), await shown(source))
      assert.ok((await sharp(source, { animated: true }).raw().toBuffer()).equals(await sharp(out, { animated: true }).raw().toBuffer()))
      assert.doesNotMatch(readFileSync(out, 'latin1'), /ns\.adobe\.com/)
    })
  }

  for (const [name, type] of Object.entries(RECORDINGS)) {
    it(`tell how long they last: ${name}`, async () => {
      const found = await createInspector().inspect(fileOf(`audio-lena/${name}`))
      assert.equal(found.type, type)
      assert.ok(Math.abs(found.durationMs - 12_272) < 60, `${found.durationMs} ms`)
      assert.equal(found.isVoice, name === 'lena.opus')
    })
  }

  it('are photos with a size, a placeholder and a thumbnail', async () => {
    const { thumbnail, thumbhash, ...found } = await createInspector().inspect(fileOf('exif/test/down-mirrored.jpg'))
    assert.deepEqual([found.type, found.width, found.height], ['image/jpeg', 480, 640])
    assert.ok(thumbnail !== undefined && thumbhash !== undefined)
  })

  it('may be documents', async () => {
    const file = fileOf('exif-js/spec/Exif2-2.pdf')
    const result = await strip(await typeOf(file), file, path.join(folder, 'pdf'))
    assert.ok(result.at === 'kept' && result.type === 'application/pdf' && result.mayCarry !== undefined)
  })
})
