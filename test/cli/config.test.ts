import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { SETTING_NAMES } from '../../cli/config.ts'
import { withSetting } from '../../cli/settings-file.ts'
import { EXIT } from '../../protocols/core/errors.ts'
import { Fixture, json } from './fixture.ts'

describe('a setting', function () {
  let fixture: Fixture

  beforeEach(async () => { fixture = await Fixture.up({ read: () => ({ messages: [], hasMore: false }) }) })
  afterEach(async () => { await fixture.stop() })

  /** One more is asked for than is shown. */
  async function limitAsked (line: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<unknown> {
    await fixture.run(['read', '@bob', ...line], { environment })
    const params = fixture.api.asked.at(-1)?.params ?? {}
    return 'limit' in params ? Number(params.limit) - 1 : undefined
  }

  it('comes from the option, else the environment, else the file, else the default', async () => {
    assert.equal(await limitAsked([]), 20)
    await writeFile(join(fixture.home, 'skein.toml'), '[read]\nlimit = 30\n')
    assert.equal(await limitAsked([]), 30)
    assert.equal(await limitAsked([], { SKEIN_READ_LIMIT: '40' }), 40)
    assert.equal(await limitAsked(['--limit', '50'], { SKEIN_READ_LIMIT: '40' }), 50)
  })

  it('is shown with where it comes from', async () => {
    await writeFile(join(fixture.home, 'skein.toml'), 'timeout = "1m"\n')
    const { stdout } = await fixture.run(['config', 'show', '--origin'], { environment: { SKEIN_READ_LIMIT: '40' } })
    assert.match(stdout, /timeout +1m +.*skein\.toml/)
    assert.match(stdout, /read\.limit +40 +SKEIN_READ_LIMIT/)
    assert.match(stdout, /send\.wait +queued +default/)
    const shown = json(await fixture.run(['config', 'show', '--json'])).data?.['settings'] as Array<{ key: string, value: unknown, origin: string }>
    assert.deepEqual(shown.map(({ key }) => key), SETTING_NAMES)
    assert.deepEqual(shown.find(({ key }) => key === 'timeout'), { key: 'timeout', value: '1m', origin: 'file' })
  })

  it('that is not known warns on stderr and changes nothing', async () => {
    await writeFile(join(fixture.home, 'skein.toml'), '[read]\nlimt = 30\n')
    const { exit, stdout, stderr } = await fixture.run(['config', 'get', 'read.limit'])
    assert.deepEqual([exit, stdout], [0, '20\n'])
    assert.match(stderr, /no setting read\.limt\. Did you mean read\.limit\?/)
  })

  it('that has a wrong value, or stands in a file that is not TOML, stops the command', async () => {
    for (const text of ['[read]\nlimit = 0\n', 'color = "blue"\n', 'timeout = "soon"\n', 'listen = [1]\n', 'this is not toml']) {
      await writeFile(join(fixture.home, 'skein.toml'), text)
      const ended = await fixture.run(['read', '@bob', '--json'])
      assert.deepEqual([ended.exit, json(ended).error?.code], [EXIT.usage, 'usage'], text)
    }
    assert.deepEqual(fixture.api.asked, [])
  })

  it('is written where it stood, and read back', async () => {
    const path = join(fixture.home, 'skein.toml')
    await writeFile(path, '# mine\n[read] # how much\nlimit = 30 # enough\n')
    assert.equal((await fixture.run(['config', 'set', 'read.limit', '60'])).exit, 0)
    assert.equal(await readFile(path, 'utf8'), '# mine\n[read] # how much\nlimit = 60 # enough\n')
    assert.equal((await fixture.run(['config', 'set', 'listen', '/ip4/0.0.0.0/tcp/1 /ip4/0.0.0.0/tcp/2'])).exit, 0)
    assert.equal((await fixture.run(['config', 'get', 'listen'])).stdout, '/ip4/0.0.0.0/tcp/1 /ip4/0.0.0.0/tcp/2\n')
    assert.deepEqual(JSON.parse(JSON.stringify(parse(await readFile(path, 'utf8')))), { listen: ['/ip4/0.0.0.0/tcp/1', '/ip4/0.0.0.0/tcp/2'], read: { limit: 60 } })
  })

  it('is not written when it is not known or its value is wrong', async () => {
    const unknown = await fixture.run(['config', 'set', 'read.limti', '5'])
    assert.equal(unknown.exit, EXIT.usage)
    assert.match(unknown.stderr, /Did you mean read\.limit\?/)
    assert.equal((await fixture.run(['config', 'set', 'read.limit', 'many'])).exit, EXIT.usage)
    await assert.rejects(readFile(join(fixture.home, 'skein.toml')))
  })

  it('is refused rather than written twice when the file has it in a form that we do not change', async () => {
    const path = join(fixture.home, 'skein.toml')
    const text = 'read = { limit = 30 }\n'
    await writeFile(path, text)
    assert.equal((await fixture.run(['config', 'set', 'read.limit', '60'])).exit, EXIT.usage)
    assert.equal(await readFile(path, 'utf8'), text)
  })
})

describe('the text of a settings file', () => {
  for (const [before, after] of [
    ['', 'read.limit = 5\n'],
    ['# note\n', '# note\nread.limit = 5\n'],
    ['color = "never"', 'color = "never"\nread.limit = 5\n'],
    ['[other]\nlimit = 1\n', 'read.limit = 5\n[other]\nlimit = 1\n'],
    ['read.limit=1', 'read.limit = 5\n'],
    ['read . limit = 1 # a # b', 'read . limit = 5 # a # b\n'],
    ['[ read ]\n  limit = 1\n', '[ read ]\nlimit = 5\n']
  ] as const) {
    it(`takes a setting into ${JSON.stringify(before)}`, () => {
      assert.equal(withSetting(before, 'read.limit', 5), after)
    })
  }

  it('keeps a text with a # in it whole', () => {
    assert.equal(withSetting('listen = ["/a#b"] # where', 'listen', ['/c#d']), 'listen = ["/c#d"] # where\n')
  })
})
