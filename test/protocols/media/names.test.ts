/** Names that others chose: shown harmlessly, and on the disk a name in one folder and nothing else. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, posix, resolve, win32 } from 'node:path'
import fc from 'fast-check'
import { utf8Bytes } from '../../../protocols/core/text.ts'
import { diskFileName, displayFileName, numberedName } from '../../../protocols/media/names.ts'

const NAMES: ReadonlyArray<readonly [string, string]> = [
  ['photo.jpg', 'photo.jpg'],
  ['Grüße an Zoë – 東京 🦢.pdf', 'Grüße an Zoë – 東京 🦢.pdf'],
  ['../../etc/passwd', '_.._etc_passwd'],
  ['/etc/passwd', '_etc_passwd'],
  ['..\\..\\boot.ini', '_.._boot.ini'],
  ['C:\\autoexec.bat', 'C__autoexec.bat'],
  ['\\\\server\\share', '__server_share'],
  ['.bashrc', 'bashrc'],
  ['...', 'file'],
  ['..', 'file'],
  ['', 'file'],
  ['   ', 'file'],
  ['-rf', 'rf'],
  ['a.', 'a'],
  ['a. . .', 'a'],
  ['trailing   ', 'trailing'],
  ['a\u0000b.txt', 'a_b.txt'],
  ['line\nbreak', 'line_break'],
  ['\u202egpj.exe', 'gpj.exe'],
  ['a\u200bb', 'ab'],
  ['CON', '_CON'],
  ['nul.txt', '_nul.txt'],
  ['Com1.tar.gz', '_Com1.tar.gz'],
  ['com¹', '_com¹'],
  ['lpt9 .txt', '_lpt9 .txt'],
  ['console.log', 'console.log'],
  ['what?*:"<>|.txt', 'what_______.txt'],
  ['e\u0301.txt', '\u00e9.txt'],
  ['half \ud83e.png', 'half \ufffd.png']
]

/** Everything that has made trouble somewhere, mixed. */
const names = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.array(fc.constantFrom('..', '/', '\\', '.', ' ', 'con', 'nul', ':', '\u202e', '\u200d', '👩‍👩‍👧', 'é', 'a', '.jpg', '.tar.gz', '\u0000', '\ud800', '~', '$', '%2e'), { maxLength: 200 }).map(parts => parts.join(''))
)

function checkName (name: string): void {
  assert.ok(name.length > 0 && utf8Bytes(name) <= 255, name)
  assert.ok(name.isWellFormed())
  for (const path of [posix, win32]) {
    assert.equal(path.basename(name), name)
    assert.equal(path.dirname(path.resolve('/folder', name)), path.resolve('/folder'))
  }
  assert.doesNotMatch(name, /^[.\s-]|[.\s]$/u)
  // eslint-disable-next-line no-control-regex -- controls are what is looked for
  assert.doesNotMatch(name, /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069/\\:*?"<>|]/u)
  assert.doesNotMatch(name, /^(con|prn|aux|nul|com\d|lpt\d)\s*(\.|$)/iu)
}

describe('names of files', () => {
  for (const [given, made] of NAMES) {
    it(`${JSON.stringify(given)} is ${JSON.stringify(made)} on the disk`, () => {
      assert.equal(diskFileName(given), made)
      checkName(diskFileName(given))
    })
  }

  it('stay in their folder and within 255 bytes, whatever somebody calls a file', () => {
    fc.assert(fc.property(names, name => {
      const made = diskFileName(name)
      checkName(made)
      assert.equal(diskFileName(made), made, 'once safe, it stays as it is')
    }), { numRuns: 3_000 })
  })

  it('keep their ending when they are cut, and are cut between characters', () => {
    const long = diskFileName('👩‍👩‍👧'.repeat(60) + '.jpeg')
    assert.ok(long.endsWith('👧.jpeg') || long.endsWith('👩.jpeg'), long)
    checkName(long)
    assert.ok(diskFileName('x'.repeat(300) + '.tar.gz').endsWith('x.tar.gz'))
    assert.equal(utf8Bytes(diskFileName('x'.repeat(400))), 254)
  })

  it('get a number before their ending when the name is taken', () => {
    assert.equal(numberedName('photo.jpg', 2), 'photo (2).jpg')
    assert.equal(numberedName('notes.tar.gz', 3), 'notes (3).tar.gz')
    assert.equal(numberedName('README', 12), 'README (12)')
    fc.assert(fc.property(names, fc.integer({ min: 2, max: 100_000 }), (name, number) => { checkName(numberedName(diskFileName(name), number)) }))
  })

  it('are shown on one line, with nothing hidden or reversed, and never as nothing', () => {
    assert.equal(displayFileName('a\u202egpj.exe'), 'a\ufffdgpj.exe')
    assert.equal(displayFileName('two\nlines'), 'two lines')
    assert.equal(displayFileName(' \n '), 'file')
    assert.equal(displayFileName('../up'), '../up')
    fc.assert(fc.property(names, name => {
      // eslint-disable-next-line no-control-regex -- controls are what is looked for
      assert.doesNotMatch(displayFileName(name), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/u)
    }))
  })

  it('can be made on this machine\'s disk', () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-names-'))
    try {
      for (const [given] of NAMES) {
        const path = resolve(folder, diskFileName(given))
        assert.equal(dirname(path), resolve(folder))
        writeFileSync(path, '')
        // Some file systems compose names in their own way.
        assert.ok(readdirSync(folder).map(name => name.normalize('NFC')).includes(basename(path)))
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
