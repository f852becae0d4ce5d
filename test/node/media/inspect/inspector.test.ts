/** What is found out about files, each in a process of its own that is gone afterwards, whatever the file does to it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { existsSync, mkdirSync, mkdtempSync, openSync, closeSync, ftruncateSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { thumbHashToApproximateAspectRatio } from 'thumbhash'
import type { Inspection } from '../../../../node/media/inspect/inspection.ts'
import { THUMBNAIL_BYTES_MAX } from '../../../../node/media/inspect/inspection.ts'
import { createInspector } from '../../../../node/media/inspect/inspector.ts'
import { NotFoundError, StorageError, UsageError } from '../../../../protocols/core/errors.ts'
import { skip } from '../../../skip.ts'
import { FTYP, u32s } from './films.ts'
import { animation, plain, pngWith, sample, telling, tellingJpeg, tracesIn } from './pictures.ts'

const ENOUGH = { inspectMsMax: 60_000, copyBytesPerSMin: 1_000_000, memoryBytesMax: 768 * 1024 * 1024 }

describe('looking into a file', () => {
  let folder = ''
  const children: ChildProcess[] = []
  const remember = (message: unknown): void => { children.push((message as { readonly process: ChildProcess }).process) }
  const inspector = createInspector({ limits: ENOUGH })
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'skein-inspect-'))
    subscribe('child_process', remember)
  })
  after(() => {
    unsubscribe('child_process', remember)
    rmSync(folder, { recursive: true })
  })
  afterEach(() => {
    assert.deepEqual(children.filter(child => child.exitCode === null && child.signalCode === null), [], 'no process is left')
    children.length = 0
  })

  function file (bytes: Uint8Array | string, name = 'file'): string {
    const place = path.join(folder, name)
    writeFileSync(place, bytes)
    return place
  }

  async function inspect (bytes: Uint8Array | string, name?: string): Promise<Inspection> {
    return await inspector.inspect(file(bytes, name))
  }

  it('tells of a photo what is needed to show its place before it is there', async () => {
    const { thumbnail, thumbhash, ...rest } = await inspect(await telling(6, 900, 600).jpeg().toBuffer())
    const { bytes, ...found } = rest
    assert.deepEqual(found, { type: 'image/jpeg', width: 600, height: 900, durationMs: 0, isVoice: false })
    assert.ok(bytes > 1_000)
    assert.ok(thumbnail !== undefined && thumbnail.length <= THUMBNAIL_BYTES_MAX)
    const shown = await sharp(thumbnail).metadata()
    assert.equal(shown.format, 'webp')
    assert.ok(shown.width < shown.height, 'it stands upright')
    assert.deepEqual(tracesIn(thumbnail), [])
    assert.ok(thumbhash !== undefined && thumbhash.length <= 64 && thumbHashToApproximateAspectRatio(thumbhash) < 1)
  })

  it('makes a thumbnail that fits of the picture that is hardest to make small', async () => {
    const noise = sharp({ create: { width: 700, height: 700, channels: 3, background: 'black', noise: { type: 'gaussian', mean: 128, sigma: 90 } } })
    const { thumbnail } = await inspect(await noise.png().toBuffer())
    assert.ok(thumbnail !== undefined && thumbnail.length > 100 && thumbnail.length <= THUMBNAIL_BYTES_MAX)
  })

  it('tells how large pictures of each kind are', async () => {
    const kinds = [
      ['image/png', await plain().png().toBuffer()], ['image/webp', await plain().webp().toBuffer()], ['image/gif', await animation('gif')],
      ['image/avif', await plain().avif({ effort: 0 }).toBuffer()], ['image/tiff', await plain().tiff().toBuffer()]
    ] as const
    for (const [type, bytes] of kinds) {
      const found = await inspect(bytes)
      assert.deepEqual([found.type, found.width, found.height, found.trouble, found.thumbnail !== undefined], [type, 96, 64, undefined, true])
    }
    const heic = await inspect(sample('photo.heic'))
    assert.deepEqual([heic.type, heic.width, heic.height, heic.trouble], ['image/heic', 64, 48, 'undecodable'])
  })

  it('tells how large a film is as shown, and how long it lasts', async () => {
    const [mp4, mov] = [await inspect(sample('clip.mp4')), await inspect(sample('clip.mov'))]
    assert.deepEqual([mp4.type, mp4.width, mp4.height, Math.round(mp4.durationMs / 100)], ['video/mp4', 64, 48, 10])
    assert.deepEqual([mov.type, mov.width, mov.height, Math.round(mov.durationMs / 100)], ['video/quicktime', 48, 64, 10])
  })

  it('calls nothing a picture that is a page, a drawing made of text, or a program', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/hostname"/></svg>'
    const others: ReadonlyArray<readonly [string | Uint8Array, string?]> = [
      ['<!doctype html><script>alert(1)</script>', 'photo.jpg'], [svg, 'a.png'], [`<?xml version="1.0"?>${svg}`], ['alert(1)', 'a.gif'], ['#!/bin/sh\necho', 'a.jpeg'],
      [Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)])], [Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01'), Buffer.alloc(200)])],
      ['GIF89a/*<script>*/=1;alert(1)//'], [Buffer.concat([Buffer.from('BM<script>alert(1)</script>')])], [Buffer.from('\xff\xd8\xff\xe0<script>alert(1)</script>', 'latin1')]
    ]
    for (const [bytes, name] of others) {
      const found = await inspect(bytes, name)
      assert.ok(!found.type.startsWith('image/'), `${found.type} for ${String(bytes).slice(0, 30)}`)
      assert.equal(found.thumbnail, undefined)
    }
  })

  it('takes for text what is UTF-8 and nothing that a terminal obeys', async () => {
    const types = await Promise.all([
      ['Grüße 🙂\n', 'a'], ['é'.repeat(5_000), 'b'], [Buffer.from('caf\xe9', 'latin1'), 'c'], ['\x1b[2J', 'd'], ['a\0b', 'e'], ['', 'f'], [Buffer.from('e2', 'hex'), 'g']
    ].map(async ([bytes, name]) => (await inspect(bytes ?? '', String(name))).type))
    const [text, unknown] = ['text/plain', 'application/octet-stream']
    assert.deepEqual(types, [text, text, unknown, unknown, unknown, unknown, unknown])
  })

  it('gives up before a picture that would fill the memory, and still tells what it is', async () => {
    const header = (side: number): Buffer => Buffer.concat([u32s(side, side), Buffer.of(8, 6, 0, 0, 0)])
    const png = await plain(4, 4).png().toBuffer()
    const claimed = async (side: number): Promise<Inspection> => {
      const begun = await pngWith([], png)
      const lying = Buffer.concat([begun.subarray(0, 8), (await pngWith([['IHDR', header(side)]], Buffer.alloc(33))).subarray(33), begun.subarray(33)])
      return await inspect(lying)
    }
    assert.deepEqual((({ type, width, height, trouble }) => [type, width, height, trouble])(await claimed(65_535)), ['image/png', 65_535, 65_535, 'too large'])
    assert.deepEqual((({ width, height, trouble }) => [width, height, trouble])(await claimed(500_000)), [0, 0, 'too large'])
  })

  it('is not held up by text and colours that unpack to a thousand times their size', async () => {
    const bomb = deflateSync(Buffer.alloc(128 * 1024 * 1024))
    const png = await pngWith([['iCCP', Buffer.concat([Buffer.from('p3\0\0'), bomb])], ['zTXt', Buffer.concat([Buffer.from('Comment\0\0'), bomb])]])
    const found = await inspect(png)
    assert.deepEqual([found.type, found.width], ['image/png', 96])
  })

  it('takes a film of many gigabytes for what it is without reading it', async () => {
    const place = path.join(folder, 'large')
    const fd = openSync(place, 'w')
    const bytes = 6_000_000_000
    const head = Buffer.concat([FTYP, u32s(1), Buffer.from('mdat'), u32s(Math.floor((bytes - FTYP.length) / 2 ** 32), (bytes - FTYP.length) % 2 ** 32)])
    writeSync(fd, head)
    ftruncateSync(fd, bytes)
    closeSync(fd)
    const { type, bytes: found } = await inspector.inspect(place)
    rmSync(place)
    assert.deepEqual([type, found], ['video/mp4', bytes])
  })

  it('ends what takes too long or too much, and says so', async () => {
    const place = file(await tellingJpeg())
    const hurried = createInspector({ limits: { ...ENOUGH, inspectMsMax: 0, copyBytesPerSMin: Number.MAX_SAFE_INTEGER } })
    assert.equal((await hurried.inspect(place)).trouble, 'too slow')
    const out = path.join(folder, 'slow')
    assert.deepEqual((({ at, why }: { at: string, why?: string }) => [at, why])(await hurried.strip(place, out)), ['refused', 'too slow'])
    assert.equal(existsSync(out), false)
    const poor = createInspector({ limits: { ...ENOUGH, memoryBytesMax: 1 } })
    assert.equal((await poor.inspect(place)).trouble, 'too large')
  })

  it('tells how large a picture is that takes too much memory to show', async () => {
    // An interlaced PNG is decoded whole: 137 MiB of pixels.
    const place = file(await sharp({ create: { width: 6_000, height: 6_000, channels: 4, background: '#3a68' } }).png({ progressive: true }).toBuffer())
    const poor = createInspector({ limits: { ...ENOUGH, memoryBytesMax: 176 * 1024 * 1024 } })
    const { type, width, height, trouble, thumbnail } = await poor.inspect(place)
    assert.deepEqual([type, width, height, trouble, thumbnail], ['image/png', 6_000, 6_000, 'too large', undefined])
  })

  it('survives a process that dies of a file', async () => {
    const place = file(await tellingJpeg())
    const kill = (message: unknown): void => { (message as { readonly process: ChildProcess }).process.once('spawn', function (this: ChildProcess) { this.kill('SIGKILL') }) }
    subscribe('child_process', kill)
    try {
      assert.equal((await inspector.inspect(place)).trouble, 'crashed')
      const result = await inspector.strip(place, path.join(folder, 'crashed'))
      assert.ok(result.at === 'refused' && result.why === 'crashed')
    } finally { unsubscribe('child_process', kill) }
    assert.equal((await inspector.inspect(place)).type, 'image/jpeg')
  })

  it('looks at one file at a time, in a process that knows nothing of ours', async () => {
    process.env['SKEIN_PASSWORD'] = 'Secret'
    const place = file(await tellingJpeg())
    let atOnce = 0
    let most = 0
    const count = (message: unknown): void => {
      most = Math.max(most, ++atOnce)
      const { process: child } = message as { readonly process: ChildProcess }
      child.once('exit', () => atOnce--)
      if (process.platform === 'linux') child.once('spawn', () => assert.equal(readFileSync(`/proc/${child.pid}/environ`, 'latin1').includes('Secret'), false))
    }
    subscribe('child_process', count)
    try {
      const found = await Promise.all([inspector.inspect(place), inspector.strip(place, path.join(folder, 'copy')), inspector.inspect(place)])
      assert.deepEqual(found.map(one => one.type), ['image/jpeg', 'image/jpeg', 'image/jpeg'])
      assert.deepEqual(tracesIn(readFileSync(path.join(folder, 'copy'))), [])
    } finally {
      unsubscribe('child_process', count)
      delete process.env['SKEIN_PASSWORD']
    }
    assert.equal(most, 1)
  })

  it('stops when it is told to, and leaves nothing', async () => {
    const place = file(await tellingJpeg())
    const out = path.join(folder, 'aborted')
    const both = new AbortController()
    const running = inspector.strip(place, out, { signal: both.signal })
    const waiting = inspector.inspect(place, { signal: both.signal })
    both.abort(new Error('not any more'))
    await Promise.all([assert.rejects(running, /not any more/), assert.rejects(waiting, /not any more/)])
    assert.equal((await inspector.inspect(place)).type, 'image/jpeg')
    assert.equal(existsSync(out), false)
  })

  it('never writes over a file', async () => {
    const out = file('mine', 'taken')
    await assert.rejects(inspector.strip(file(await tellingJpeg()), out), StorageError)
    assert.equal(readFileSync(out, 'utf8'), 'mine')
  })

  it('takes regular files only', async () => {
    await assert.rejects(inspector.inspect(path.join(folder, 'nowhere')), NotFoundError)
    mkdirSync(path.join(folder, 'folder'))
    await assert.rejects(inspector.inspect(path.join(folder, 'folder')), UsageError)
  })

  it('does not wait for a pipe', async function () {
    if (process.platform === 'win32') skip(this, 'Windows has no pipes in folders')
    const pipe = path.join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    await assert.rejects(inspector.inspect(pipe), UsageError)
  })
})
