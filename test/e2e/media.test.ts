/** Files by commands: two nodes in processes of their own, and what a shell sees of a photo that goes from one to the other. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import type { MessageView } from '../../protocols/local/schema.ts'
import { befriend, environment, eventually, killAll, LAUNCHER, makeFolder, Person, removeFolder } from './skein.ts'

interface Sent { readonly id: string, readonly state: string, readonly attachments: ReadonlyArray<{ readonly cid: string, readonly name: string, readonly bytes: number, readonly type: string }> }
interface Got { readonly path: string, readonly bytes: number, readonly sha256: string, readonly files: ReadonlyArray<{ readonly path: string }> }

function sha256Of (bytes: Uint8Array): string { return createHash('sha256').update(bytes).digest('hex') }

describe('files by commands', function () {
  this.timeout(180_000)
  let folder: string
  let ana: Person
  let bob: Person

  before(async () => {
    folder = await makeFolder()
    ;[ana, bob] = await Promise.all([Person.create('Ana', { folder }), Person.create('Bob', { folder })])
    await Promise.all([ana.up(), bob.up()])
    await befriend(ana, bob)
  })

  after(async () => {
    await Promise.all([ana.down(), bob.down()])
    await killAll()
    await removeFolder(folder)
  })

  it('a photo goes without its place, and arrives as it was sent', async () => {
    const path = join(folder, 'photo.jpg')
    await sharp({ create: { width: 320, height: 200, channels: 3, background: 'teal' } }).withExif({ IFD0: { Copyright: 'Ana' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '47/1 22/1 0/1' } }).jpeg().toFile(path)
    const sent = await ana.data<Sent>('send', '@bob', 'From the ferry', '--file', path, '--wait', 'delivered', '--timeout', '60s')
    assert.deepEqual([sent.state, sent.attachments.map(({ name, type }) => [name, type])], ['delivered', [['photo.jpg', 'image/jpeg']]])
    assert.match(sent.attachments[0]?.cid ?? '', /^bafk[a-z2-7]{55}$/)
    const [message] = await bob.lines<MessageView>('read', 'Ana', '--limit', '1')
    assert.deepEqual([message?.kind, message?.text, message?.attachments?.[0]?.width, message?.attachments?.[0]?.bytes], ['media', 'From the ferry', 320, sent.attachments[0]?.bytes])
    const got = await bob.data<Got>('media', 'get', sent.id, '--out', join(folder, 'got'), '--timeout', '60s')
    const content = await readFile(got.path)
    assert.deepEqual([got.path, got.bytes, got.sha256], [join(folder, 'got', 'photo.jpg'), content.length, sha256Of(content)])
    assert.notEqual(content.length, (await readFile(path)).length)
    const { width, exif } = await sharp(content).metadata()
    assert.deepEqual([width, exif?.includes('Ana') ?? false], [320, false])
  })

  it('with --original it arrives as it is, to the byte', async () => {
    const sent = await ana.data<Sent>('send', '@bob', '--file', join(folder, 'photo.jpg'), '--original', '--wait', 'delivered', '--timeout', '60s')
    const got = await bob.data<Got>('media', 'get', sent.id, '--out', join(folder, 'got'), '--timeout', '60s')
    assert.equal(got.path, join(folder, 'got', 'photo (2).jpg'), 'nothing is written over')
    assert.equal(got.sha256, sha256Of(await readFile(join(folder, 'photo.jpg'))))
  })

  it('several, and one from a pipe, under the name that it is given', async () => {
    const content = randomBytes(1_500_000)
    await writeFile(join(folder, 'large.bin'), content)
    const sent = await ana.data<Sent>('send', '@bob', '--file', join(folder, 'large.bin'), '--file', join(folder, 'photo.jpg'), '--wait', 'delivered', '--timeout', '60s')
    assert.equal(sent.attachments.length, 2)
    const got = await bob.data<Got>('media', 'get', sent.id, '--out', join(folder, 'both'), '--timeout', '60s')
    assert.deepEqual([got.files.map(({ path }) => path), got.sha256], [['large.bin', 'photo.jpg'].map(name => join(folder, 'both', name)), sha256Of(content)])
    const piped = spawn(process.execPath, [LAUNCHER, '--home', ana.home, 'send', '@bob', '--file', '-', '--name', 'notes.txt', '--wait', 'delivered', '--timeout', '60s'], { env: environment(), stdio: ['pipe', 'pipe', 'pipe'] })
    piped.stdin.end('Remember the tickets')
    const id = String((await once(piped.stdout, 'data'))[0]).trim()
    await once(piped, 'close')
    const { path } = await bob.data<Got>('media', 'get', id, '--out', join(folder, 'piped'), '--timeout', '60s')
    assert.deepEqual([path, await readFile(path, 'utf8')], [join(folder, 'piped', 'notes.txt'), 'Remember the tickets'])
    assert.deepEqual(await readdir(join(ana.home, 'spool')), [])
  })

  it('are shown where messages are: with their names, sizes, and where they are', async () => {
    assert.match(await bob.succeed('read', 'Ana', '--peek'), /photo\.jpg \(image\/jpeg, 320 × 200, \d+ (kB|B)\): here/)
    await eventually(async () => await ana.succeed('read', '@bob', '--peek'), shown => /notes\.txt \(text\/plain, 20 B\): fetched/.test(shown))
    assert.match(await ana.succeed('media', 'list'), /photo\.jpg .*\n.*of files on this computer, at most 10\.0 GB\./s)
    assert.match(await bob.succeed('media', 'gc', '--dry-run'), /Nothing is to be let go/)
  })

  it('a send that is interrupted leaves nothing', async () => {
    const before = await readdir(join(ana.home, 'blobs'))
    await writeFile(join(folder, 'huge.bin'), Buffer.alloc(1))
    const { truncate } = await import('node:fs/promises')
    await truncate(join(folder, 'huge.bin'), 3_000_000_000)
    const child = spawn(process.execPath, [LAUNCHER, '--home', ana.home, 'send', '@bob', '--file', join(folder, 'huge.bin'), '--original'], { env: environment(), stdio: 'ignore' })
    await eventually(async () => await readdir(join(ana.home, 'blobs')), names => names.length > before.length)
    child.kill('SIGINT')
    const [exit] = await once(child, 'close') as [number | null]
    assert.equal(exit, 130)
    await eventually(async () => await readdir(join(ana.home, 'blobs')), names => names.length === before.length)
    assert.equal((await ana.messages('@bob', 1))[0]?.attachments?.[0]?.name, 'notes.txt')
  })

  it('what cannot be sent is said with the exit code that is meant for it', async () => {
    await ana.fault(5, 'send', '@bob', '--file', join(folder, 'not-there'))
    await ana.fault(2, 'send', '@bob', '--file', folder)
    await ana.fault(2, 'send', '@bob', 'text', '--name', 'x')
    await ana.fault(2, 'send', '@bob', '--file', 'a', '--file', 'b', '--name', 'x')
    const [last] = await bob.messages('Ana', 1)
    await bob.fault(2, 'media', 'get', last?.id ?? '', '--place', '7')
    await bob.fault(5, 'media', 'get', (await bob.messages('Ana', 20))[0]?.id ?? '')
  })

  it('are fetched by a node that lives only for the command, too', async () => {
    const sent = await ana.data<Sent>('send', '@bob', '--file', join(folder, 'large.bin'), '--wait', 'delivered', '--timeout', '60s')
    await bob.succeed('media', 'gc', '--all')
    await bob.down()
    const got = await bob.data<Got>('media', 'get', sent.id, '--out', join(folder, 'alone'), '--timeout', '60s')
    assert.equal(got.sha256, sha256Of(await readFile(join(folder, 'large.bin'))))
  })
})
