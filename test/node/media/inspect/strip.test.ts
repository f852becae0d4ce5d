/** Copies without metadata: nothing that was secret is left, and nothing that is seen or heard has changed. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseFile } from 'music-metadata'
import sharp from 'sharp'
import type { StripResult } from '../../../../node/media/inspect/inspection.ts'
import { strip } from '../../../../node/media/inspect/strip/strip.ts'
import { typeOf } from '../../../../node/media/inspect/type.ts'
import { box, filmWithPositions, FTYP, pictureAt, pictureWithExifAt, u32s } from './films.ts'
import { animation, pixelsOf, plain, pngWith, sample, telling, tellingGif, tellingJpeg, tellingPng, tellingWebp, tracesIn } from './pictures.ts'

describe('a copy without metadata', () => {
  let folder = ''
  before(() => { folder = mkdtempSync(path.join(tmpdir(), 'skein-strip-')) })
  after(() => rmSync(folder, { recursive: true }))

  async function stripped (bytes: Uint8Array): Promise<{ readonly result: StripResult, readonly copy: Buffer | undefined }> {
    const source = path.join(folder, 'source')
    const out = path.join(folder, 'out')
    writeFileSync(source, bytes)
    rmSync(out, { force: true })
    const result = await strip(await typeOf(source), source, out)
    assert.equal(existsSync(out), result.at === 'stripped', 'there is a copy exactly when it is said')
    return { result, copy: existsSync(out) ? readFileSync(out) : undefined }
  }

  async function copyOf (bytes: Uint8Array): Promise<{ readonly copy: Buffer, readonly removed: readonly string[] }> {
    const { result, copy } = await stripped(bytes)
    assert.ok(result.at === 'stripped' && copy !== undefined, JSON.stringify(result))
    assert.equal(result.bytes, copy.length)
    return { copy, removed: result.removed.toSorted() }
  }

  for (const [name, make] of [['JPEG', tellingJpeg], ['PNG', tellingPng], ['WebP', tellingWebp], ['GIF', tellingGif]] as const) {
    it(`of a ${name} has every pixel and no secret`, async () => {
      const source = await make()
      assert.ok(tracesIn(source).length >= 3, 'the secrets are there before')
      const { copy, removed } = await copyOf(source)
      assert.deepEqual(tracesIn(copy), [])
      assert.deepEqual(await pixelsOf(copy), await pixelsOf(source))
      if (name !== 'GIF') assert.ok(removed.includes('location') && removed.includes('Exif'))
      const { exif, xmp, iptc, comments, icc, pages } = await sharp(copy, { animated: true }).metadata()
      assert.deepEqual([exif, xmp, iptc, comments], [undefined, undefined, undefined, undefined])
      if (name === 'GIF') assert.equal(pages, 4)
      else assert.ok(icc !== undefined, 'colours look as before')
    })

    it(`of a copy of a ${name} is not needed`, async () => {
      const { copy } = await copyOf(await make())
      assert.equal((await stripped(copy)).result.at, 'clean')
    })
  }

  for (const [name, make] of [['JPEG', tellingJpeg], ['PNG', tellingPng], ['WebP', tellingWebp]] as const) {
    it(`of a ${name} that lies on its side is turned as before`, async () => {
      const source = await make(6)
      const { copy } = await copyOf(source)
      assert.deepEqual(tracesIn(copy), [])
      const { orientation, autoOrient, exif } = await sharp(copy).metadata()
      assert.deepEqual({ orientation, autoOrient }, { orientation: 6, autoOrient: { width: 64, height: 96 } })
      assert.ok(exif !== undefined && exif.length <= 32, 'of Exif the orientation is left, and nothing else')
      assert.deepEqual(await sharp(copy).autoOrient().raw().toBuffer(), await sharp(source).autoOrient().raw().toBuffer())
      assert.equal((await stripped(copy)).result.at, 'clean')
    })
  }

  it('of a WebP that moves goes on moving', async () => {
    const source = await animation('webp')
    const { copy } = await copyOf(source)
    assert.deepEqual(tracesIn(copy), [])
    const { pages, delay, loop } = await sharp(copy, { animated: true }).metadata()
    assert.deepEqual({ pages, delay, loop }, { pages: 4, delay: [80, 80, 80, 80], loop: 3 })
    assert.deepEqual(await pixelsOf(copy), await pixelsOf(source))
  })

  it('of a progressive JPEG keeps all of its scans', async () => {
    const source = await telling().jpeg({ progressive: true, optimiseScans: true }).toBuffer()
    const { copy } = await copyOf(source)
    assert.deepEqual(await pixelsOf(copy), await pixelsOf(source))
    assert.equal((await sharp(copy).metadata()).isProgressive, true)
  })

  it('of a JPEG passes over what cameras leave between its parts', async () => {
    const jpeg = await telling().jpeg().toBuffer()
    const tables = jpeg.indexOf(Buffer.from('ffdb', 'hex'))
    const source = Buffer.concat([jpeg.subarray(0, tables), Buffer.from('\0\0Secret\0'), jpeg.subarray(tables)])
    const { copy } = await copyOf(source)
    assert.deepEqual(tracesIn(copy), [])
    assert.deepEqual(await pixelsOf(copy), await pixelsOf(jpeg))
  })

  it('of a JPEG whose colours are told by Adobe keeps them', async () => {
    const source = await telling().toColourspace('cmyk').jpeg().toBuffer()
    const { copy } = await copyOf(source)
    assert.deepEqual(await pixelsOf(copy), await pixelsOf(source))
  })

  it('of an AVIF has every pixel and no secret', async () => {
    const source = await telling().avif({ effort: 0 }).toBuffer()
    assert.ok(tracesIn(source).length >= 3)
    const { copy, removed } = await copyOf(source)
    assert.deepEqual(tracesIn(copy), [])
    assert.deepEqual(removed, ['Exif', 'XMP', 'location'])
    assert.deepEqual(await pixelsOf(copy), await pixelsOf(source))
    assert.equal((await stripped(copy)).result.at, 'clean')
  })

  it('of a HEIC has no secret, and differs nowhere but in its metadata', async () => {
    const source = sample('photo.heic')
    assert.ok(tracesIn(source).length >= 3)
    const { copy, removed } = await copyOf(source)
    assert.deepEqual(tracesIn(copy), [])
    assert.deepEqual(removed, ['Exif', 'XMP', 'location'])
    assert.equal(copy.length, source.length)
    // The picture itself is its last item, behind Exif (346 bytes) and XMP (2,995).
    assert.ok(source.findLastIndex((byte, at) => byte !== copy[at]) - source.findIndex((byte, at) => byte !== copy[at]) < 346 + 2_995)
    const { width, height } = await sharp(copy).metadata()
    assert.deepEqual({ width, height }, { width: 64, height: 48 })
  })

  it('is refused for a HEIC whose Exif is said to lie where the picture is described', async () => {
    const place = pictureWithExifAt(0, 23).indexOf('Ana')
    const { copy } = await copyOf(pictureWithExifAt(place, 23))
    assert.deepEqual(tracesIn(copy), [])
    for (const [at, length] of [[0, 24], [place - 4, 20], [place, 24], [30, 8]] as const) {
      const { result } = await stripped(pictureWithExifAt(at, length))
      assert.ok(result.at === 'refused' && result.why === 'damaged')
    }
  })

  for (const name of ['clip.mp4', 'clip.mov'] as const) {
    it(`of ${name} plays as before and has no secret`, async () => {
      const source = sample(name)
      assert.ok(tracesIn(source).length >= 2)
      const { copy, removed } = await copyOf(source)
      assert.deepEqual(tracesIn(copy), [])
      assert.deepEqual(removed, ['dates', 'location', 'tags'])
      assert.equal(copy.length, source.length, 'every place it points to stays where it is')
      const { format, common } = await parseFile(path.join(folder, 'out'))
      assert.equal(format.hasVideo && format.hasAudio, true)
      // The time of these files begins with 1904.
      assert.deepEqual([common.title, common.encodersettings, format.creationTime?.getUTCFullYear()], [undefined, undefined, 1904])
      const data = Buffer.from(source).indexOf('mdat')
      const size = Buffer.from(source).readUInt32BE(data - 4)
      assert.deepEqual(copy.subarray(data, data - 4 + size), Buffer.from(source).subarray(data, data - 4 + size))
    })
  }

  for (const name of ['clip.mkv', 'live.webm'] as const) {
    it(`of ${name} plays as before and has no secret`, async () => {
      const source = sample(name)
      assert.ok(tracesIn(source).length >= 2)
      const { copy, removed } = await copyOf(source)
      assert.deepEqual(tracesIn(copy), [])
      assert.deepEqual(removed, name === 'clip.mkv' ? ['dates', 'location', 'tags'] : ['location', 'tags'])
      assert.equal(copy.length, source.length)
      writeFileSync(path.join(folder, 'before'), source)
      const [before, after] = [await parseFile(path.join(folder, 'before')), await parseFile(path.join(folder, 'out'))]
      assert.deepEqual([after.common.title, after.format.creationTime], [undefined, undefined])
      assert.deepEqual([after.format.duration, after.format.trackInfo.length], [before.format.duration, 2])
      // Sound and picture lie in clusters, which are the same.
      const clusters = Buffer.from(source).indexOf('1f43b675', 0, 'hex')
      const last = name === 'clip.mkv' ? Buffer.from(source).lastIndexOf('1c53bb6b', undefined, 'hex') : source.length
      assert.ok(clusters > 0 && last > clusters)
      assert.deepEqual(copy.subarray(clusters, last), Buffer.from(source).subarray(clusters, last))
      assert.equal((await stripped(copy)).result.at, 'clean')
    })
  }

  it('of a film with a track of positions has its pictures and not its positions', async () => {
    const { film, pictures } = filmWithPositions()
    const { copy, removed } = await copyOf(film)
    assert.deepEqual(removed, ['timed metadata'])
    assert.deepEqual(tracesIn(copy), [])
    assert.equal(copy.length, film.length)
    assert.ok(pictures.every(at => pictureAt(copy, at)))
  })

  it('is refused for a film whose positions are said to lie where the film is described', async () => {
    const { film } = filmWithPositions({ places: [0, 8, 16] })
    const { result } = await stripped(film)
    assert.ok(result.at === 'refused' && result.why === 'damaged')
    assert.match(result.risk, /--original/)
  })

  it('of a film has none of what was put behind, before or between its parts', async () => {
    const { film } = filmWithPositions()
    const secret = Buffer.from('Secret')
    const inside = Buffer.concat([FTYP, box('free', secret), box('uuid', Buffer.alloc(16, 7), secret), film.subarray(FTYP.length), box('mpvd', secret)])
    // What its tables point to moves by as much as was put before: those positions are no longer where they were said to be.
    const { result, copy } = await stripped(inside)
    if (result.at === 'stripped') assert.deepEqual(tracesIn(copy ?? secret), [])
    else assert.equal(result.at, 'refused')
  })

  it('is not made of a picture that tells nothing', async () => {
    assert.equal((await stripped(await plain().png().toBuffer())).result.at, 'clean')
    assert.equal((await stripped(await plain().jpeg().toBuffer())).result.at, 'clean')
    assert.equal((await stripped(await plain().webp().toBuffer())).result.at, 'clean')
    assert.equal((await stripped(await animation('gif'))).result.at, 'clean')
  })

  it('is refused, with the risk named, where nobody here can make one', async () => {
    const { result } = await stripped(await telling().tiff().toBuffer())
    assert.ok(result.at === 'refused' && result.why === 'format')
    assert.match(result.risk, /image\/tiff.*where and when.*--original/)
  })

  it('is refused for a picture that is damaged', async () => {
    const jpeg = await tellingJpeg()
    const { result } = await stripped(Buffer.concat([jpeg.subarray(0, 40), Buffer.alloc(200)]))
    assert.ok(result.at === 'refused' && result.why === 'damaged')
    const unknown = await pngWith([['ABCD', Buffer.from('what no reader may leave out')]])
    assert.equal((await stripped(unknown)).result.at, 'refused')
  })

  it('of a photo that was cut off shows as much as before', async () => {
    const whole = await telling(1, 640, 480).jpeg().toBuffer()
    const source = whole.subarray(0, whole.length * 3 / 4)
    const { copy } = await copyOf(source)
    assert.deepEqual(tracesIn(copy), [])
    const pixels = async (bytes: Uint8Array): Promise<Buffer> => await sharp(bytes, { failOn: 'none' }).raw().toBuffer()
    assert.deepEqual(await pixels(copy), await pixels(source))
  })

  it('is not made of text, sound and documents, and it is said what these may tell', async () => {
    assert.deepEqual((await stripped(Buffer.from('hello'))).result, { at: 'kept', type: 'text/plain', mayCarry: undefined })
    const pdf = (await stripped(Buffer.from('%PDF-1.4\n'))).result
    assert.ok(pdf.at === 'kept' && pdf.mayCarry?.includes('author'))
  })

  it('of a file with boxes within boxes without end is refused', async () => {
    let nested = box('udta')
    for (let depth = 0; depth < 2_000; depth++) nested = box('moov', nested)
    const { result } = await stripped(Buffer.concat([FTYP, nested]))
    assert.notEqual(result.at, 'kept')
    const many = Buffer.concat([FTYP, box('moov', Buffer.concat(Array.from({ length: 210_000 }, () => u32s(8, 0x66726565))))])
    assert.ok((await stripped(many)).result.at === 'refused')
  })
})
