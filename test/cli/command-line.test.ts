import assert from 'node:assert/strict'
import { EXIT, UsageError } from '../../protocols/core/errors.ts'
import { parseCommandLine } from '../../cli/program.ts'
import { COMMANDS, GLOBAL_OPTIONS, NOUNS } from '../../cli/tree.ts'
import { BOB, Fixture, STATUS, json } from './fixture.ts'

function usageFault (line: readonly string[]): UsageError {
  try {
    parseCommandLine(line)
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown
    throw thrown
  }
  throw new Error('the line was accepted')
}

describe('a command line', () => {
  it('takes global options before, between and after', () => {
    for (const line of ['--json --home /h contact add L --as bob', 'contact --json add --home /h L --as bob', 'contact add L --as bob --json --home=/h']) {
      const parsed = parseCommandLine(line.split(' '))
      assert.ok(parsed.type === 'run')
      assert.deepEqual([parsed.spec.path, parsed.arguments, parsed.flags.isOn('json'), parsed.flags.text('home'), parsed.flags.text('as')], ['contact add', ['L'], true, '/h', 'bob'], line)
    }
  })

  it('leaves everything behind -- to the text', () => {
    const parsed = parseCommandLine(['send', '@bob', '--wait', 'read', '--', '--json'])
    assert.ok(parsed.type === 'run')
    assert.deepEqual([parsed.arguments, parsed.flags.isOn('json'), parsed.flags.text('wait')], [['@bob', '--json'], false, 'read'])
  })

  it('repeats what may be repeated', () => {
    const parsed = parseCommandLine(['up', '--listen', '/a', '--listen', '/b'])
    assert.ok(parsed.type === 'run')
    assert.deepEqual(parsed.flags.list('listen'), ['/a', '/b'])
  })

  it('takes an option whose value may be left out', () => {
    for (const [line, value] of [[['init', '--key-file', '--json'], true], [['init', '--key-file', '/k'], '/k'], [['init'], undefined]] as const) {
      const parsed = parseCommandLine(line)
      assert.ok(parsed.type === 'run')
      assert.equal(parsed.flags.given('keyFile'), value)
    }
  })

  for (const [line, message, hint] of [
    [['snd'], /no command snd/, /send/],
    [['contact', 'ad'], /no command contact ad/, /add/],
    [['contact'], /needs a command/, /add, list/],
    [['send', '@bob', 'x', '--wiat', 'read'], /--wiat/, /--wait/],
    [['--jsno'], /--jsno/, /--json/],
    [['contact', '--jsno'], /--jsno/, /--json/],
    [['send', '@bob', 'hello', 'world'], /too many arguments/, /quotes/],
    [['send', '@bob', '-5 degrees'], /after --/, /--/],
    [['send'], /missing required argument 'who'/, undefined],
    [['send', '@bob', 'x', '--reply'], /argument missing/, undefined]
  ] as const) {
    it(`says what is wrong with: ${line.join(' ')}`, () => {
      const fault = usageFault(line)
      assert.match(fault.message, message)
      if (hint !== undefined) assert.match(fault.hint ?? '', hint)
    })
  }

  it('does not repeat a text that was not in quotes', () => {
    assert.doesNotMatch(JSON.stringify(usageFault(['send', '@bob', 'my', 'secret'])), /secret/)
  })
})

describe('help', () => {
  for (const { path, summary, examples } of COMMANDS) {
    it(`of ${path} says what it does and shows how`, () => {
      const parsed = parseCommandLine([...path.split(' '), '--help'])
      assert.ok(parsed.type === 'help')
      assert.ok(parsed.text.replace(/\s+/g, ' ').includes(summary.replace(/\s+/g, ' ')))
      assert.ok(examples.length > 0)
      for (const example of examples) assert.ok(parsed.text.includes(`$ ${example}`), example)
      for (const { flags } of GLOBAL_OPTIONS) assert.ok(parsed.text.includes(flags), flags)
    })
  }

  for (const noun of Object.keys(NOUNS)) {
    it(`of ${noun} lists its commands with an example each`, () => {
      const parsed = parseCommandLine([noun, '--help'])
      assert.ok(parsed.type === 'help')
      const commands = COMMANDS.filter(({ path }) => path.startsWith(`${noun} `))
      assert.ok(commands.length > 0)
      for (const { path, examples, isHidden = false } of commands) {
        assert.equal(parsed.text.includes(examples[0] ?? 'none'), !isHidden, path)
        assert.equal(new RegExp(`^ {2}${path.slice(noun.length + 1)}\\b`, 'm').test(parsed.text), !isHidden, path)
      }
    })
  }

  it('shows only examples that are command lines of ours', () => {
    for (const example of COMMANDS.flatMap(({ examples }) => examples)) {
      // As a shell cuts it, near enough: words and quoted texts, of which those from `skein` to the next pipe are ours.
      const cut: readonly string[] = example.match(/"[^"]*"|'[^']*'|\S+/g) ?? []
      const ours = cut.slice(cut.indexOf('skein') + 1)
      const end = ours.findIndex(word => word === '|' || word === '>')
      const words = (end === -1 ? ours : ours.slice(0, end)).map(word => word.replace(/^["']|["']$/g, ''))
      assert.equal(parseCommandLine(words).type, 'run', example)
    }
  })

  it('is reached by the word help as well', () => {
    assert.deepEqual(parseCommandLine(['help', 'contact', 'add']), parseCommandLine(['contact', 'add', '--help']))
  })
})

describe('the command', function () {
  let fixture: Fixture

  afterEach(async () => { await fixture.stop() })

  it('answers with one object on stdout, wherever --json stands', async () => {
    fixture = await Fixture.up({ 'contact.list': () => ({ contacts: [BOB] }) })
    for (const line of [['--json', 'contact', 'list'], ['contact', '--json', 'list'], ['contact', 'list', '--json']]) {
      const ended = await fixture.run(line)
      assert.deepEqual([ended.exit, json(ended)], [0, { schema: 'skein.contact.list/1', ok: true, data: { contacts: [BOB] } }])
    }
  })

  it('says with --json what was wrong with the line, too', async () => {
    fixture = await Fixture.empty()
    const ended = await fixture.run(['--json', 'snd'])
    assert.equal(ended.exit, EXIT.usage)
    assert.deepEqual(json(ended), { schema: 'skein.error/1', ok: false, error: { code: 'usage', exit: 2, message: 'there is no command snd', hint: 'Did you mean send?' } })
  })

  it('prints help to stdout and ends well', async () => {
    fixture = await Fixture.empty()
    const { exit, stdout, stderr } = await fixture.run(['send', '--help'])
    assert.deepEqual([exit, stderr], [0, ''])
    assert.match(stdout, /^Usage: skein send/)
  })

  it('alone says that there is no account, that the node is not running, or how it fares', async () => {
    fixture = await Fixture.empty()
    assert.match((await fixture.run([])).stdout, /skein init/)
    await fixture.stop()
    fixture = await Fixture.up({ status: () => ({ ...STATUS, requests: 2 }) })
    assert.match((await fixture.run([])).stdout, /Your node runs.*2 requests[^]*skein requests list/)
    assert.deepEqual(json(await fixture.run(['--json'])).data, { home: fixture.home, hasAccount: true, isRunning: true })
  })

  it('finds its home in the option before the environment', async () => {
    fixture = await Fixture.up({ 'contact.list': () => ({ contacts: [] }) })
    assert.equal((await fixture.run(['contact', 'list', '--home', fixture.home], { environment: { SKEIN_HOME: '/nowhere' } })).exit, 0)
    assert.equal((await fixture.run(['contact', 'list'], { environment: { SKEIN_HOME: '/nowhere' } })).exit, EXIT.notFound)
    assert.equal((await fixture.run(['config', 'path'], { environment: { SKEIN_HOME: '', XDG_DATA_HOME: '/data' } })).stdout, '/data/skein/skein.toml\n')
    assert.equal((await fixture.run(['config', 'path'], { environment: { SKEIN_HOME: '', HOME: '/home/ana' } })).stdout, '/home/ana/.local/share/skein/skein.toml\n')
  })

  it('is quiet when asked to be', async () => {
    fixture = await Fixture.up({ 'contact.list': () => ({ contacts: [] }) })
    assert.match((await fixture.run(['contact', 'list'])).stderr, /Invite somebody/)
    assert.equal((await fixture.run(['contact', 'list', '--quiet'])).stderr, '')
  })

  it('knows its version, with an option and with a word', async () => {
    fixture = await Fixture.empty()
    assert.match((await fixture.run(['--version'])).stdout, /^skein \d+\.\d+\.\d+ /)
    assert.equal(json(await fixture.run(['version', '--json'])).schema, 'skein.version/1')
  })
})
