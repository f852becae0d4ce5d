/** Two people, two nodes, every daily command: what a person does, as a script would do it. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MessageView, RequestView, StatusView, TraceStep } from '../../protocols/local/schema.ts'
import { Person, dataOf, eventually, killAll, linesOf, makeFolder, removeFolder, skein, succeed } from './skein.ts'

const SENDS_MEASURED = 10
/** A third of what a command waits by itself; a busy machine takes a tenth of it. */
const WAIT_MS_MAX = 40_000

describe('a conversation by commands', function () {
  this.timeout(120_000)
  let folder: string
  let ana: Person
  let bob: Person

  before(async () => {
    folder = await makeFolder()
    ;[ana, bob] = await Promise.all([Person.create('Ana', { folder }), Person.create('Bob', { folder })])
    await Promise.all([ana.up(), bob.up()])
  })

  after(async () => {
    await Promise.all([ana.down(), bob.down()])
    await killAll()
    await removeFolder(folder)
  })

  it('begins with an account, whose recovery words are told once', async () => {
    const home = join(folder, 'carol')
    const made = await dataOf<{ readonly account: string, readonly device: string, readonly peerId: string, readonly name: string, readonly recoveryWords: readonly string[] }>(['init', '--home', home, '--name', 'Carol', '--key-file'])
    assert.deepEqual([made.name, made.recoveryWords.length], ['Carol', 24])
    assert.match(made.account, /^[a-z2-7]{52}$/)
    const words = (await readFile(join(folder, 'ana.words'), 'utf8')).trim().split(' ')
    assert.equal(words.length, 24)
  })

  it('says where a node is reached before anything else', () => {
    const { account, peerId, addresses, socket } = ana.node.ready
    assert.match(account, /^[a-z2-7]{52}$/)
    assert.ok(peerId.length > 20)
    assert.match(addresses[0] ?? '', /^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/)
    assert.equal(socket, join(ana.home, 'node.sock'))
  })

  it('brings two people together by a link and an acceptance', async () => {
    const { link } = await bob.data<{ readonly link: string, readonly kind: string }>('me', 'card')
    assert.match(link, /^skein:i#/)
    assert.equal((await bob.succeed('me', 'card')).trim(), link, 'for people it is the link and nothing else')

    await ana.succeed('contact', 'add', link, '--as', 'bob', '--text', 'Ana from the ferry')
    const { requests: [request] } = await eventually(async () => await bob.data<{ readonly requests: readonly RequestView[] }>('requests', 'list'), ({ requests }) => requests.length === 1)
    assert.deepEqual([request?.name, request?.text, request?.account], ['Ana', 'Ana from the ferry', ana.node.ready.account])
    await bob.succeed('requests', 'accept', request?.id ?? '')

    const standing = async (person: Person): Promise<string | undefined> =>
      (await person.data<{ readonly contacts: ReadonlyArray<{ readonly standing: string }> }>('contact', 'list')).contacts[0]?.standing
    await eventually(async () => await Promise.all([standing(ana), standing(bob)]), both => both.every(one => one === 'accepted'))
  })

  it('delivers texts both ways and says so', async () => {
    const sent = await ana.data<{ readonly id: string, readonly state: string }>('send', '@bob', 'Are we still on?', '--wait', 'delivered')
    assert.equal(sent.state, 'delivered')
    assert.equal((await bob.succeed('send', 'Ana', 'Yes, at nine', '--wait', 'delivered')).trim().length, 26, 'for people it is the id and nothing else')

    const [question, answer] = await ana.messages('@bob')
    assert.deepEqual([question?.id, question?.from, question?.text, question?.isOwn], [sent.id, ana.node.ready.account, 'Are we still on?', true])
    assert.deepEqual([answer?.from, answer?.text, answer?.state, answer?.edited, answer?.deleted, answer?.replyTo, answer?.reactions], [bob.node.ready.account, 'Yes, at nine', 'unread', false, false, null, []])
    assert.equal(new Date(answer?.sentAt ?? '').toISOString(), answer?.sentAt)
  })

  it('shows a message as read once the other side has read it', async () => {
    const { id } = await ana.data<{ readonly id: string }>('send', '@bob', 'Read me')
    await eventually(async () => await bob.messages('Ana', 1), ([message]) => message?.id === id)
    await bob.succeed('read', 'Ana', '--limit', '1')
    const { state } = await ana.data<{ readonly state: string }>('send', '@bob', 'Read me, too', '--wait', 'delivered')
    assert.equal(state, 'delivered')
    await eventually(async () => (await ana.data<{ readonly message: MessageView }>('msg', 'show', id)).message.state, known => known === 'read')
  })

  it('has replies, reactions, edits and deletions on both sides', async () => {
    const first = await ana.data<{ readonly id: string }>('send', '@bob', 'The ferry goes at eight', '--wait', 'delivered')
    const reply = await bob.data<{ readonly id: string }>('send', 'Ana', 'I will be there', '--reply', first.id, '--wait', 'delivered')
    const wrong = await ana.data<{ readonly id: string }>('send', '@bob', 'Not for you', '--wait', 'delivered')
    await ana.succeed('react', reply.id, '👍')
    await ana.succeed('edit', first.id, 'The ferry goes at nine')
    await ana.succeed('delete', wrong.id)
    for (const [person, who] of [[ana, '@bob'], [bob, 'Ana']] as const) {
      const messages = await eventually(async () => await person.messages(who, 3), last => last[2]?.deleted === true && last[1]?.reactions.length === 1 && last[0]?.edited === true)
      assert.deepEqual(messages.map(({ text }) => text), ['The ferry goes at nine', 'I will be there', ''])
      assert.equal(messages[1]?.replyTo, first.id)
      assert.deepEqual(messages[1].reactions, [{ from: ana.node.ready.account, emoji: '👍' }])
    }
  })

  it('knows people by alias, name and account, however they are written, and homes by variable', async () => {
    for (const who of ['@bob', 'bob', '@BOB', 'Bob', bob.node.ready.account]) {
      assert.equal((await ana.data<{ readonly contact: { readonly alias: string } }>('contact', 'show', who)).contact.alias, 'bob')
    }
    const byVariable = await dataOf<StatusView>(['status'], { env: { SKEIN_HOME: ana.home } })
    assert.equal(byVariable.account, ana.node.ready.account)
    const byOption = await dataOf<StatusView>(['status', '--home', bob.home], { env: { SKEIN_HOME: ana.home } })
    assert.equal(byOption.account, bob.node.ready.account)
  })

  it('takes texts from standard input, and the same key only once', async () => {
    const args = ['send', '@bob', '-', '--home', ana.home, '--idempotency-key', 'lunch', '--wait', 'delivered']
    const [first, again] = [await dataOf<{ readonly id: string }>(args, { input: 'two\nlines\n' }), await dataOf<{ readonly id: string }>(args, { input: 'two\nlines\n' })]
    assert.equal(first.id, again.id)
    assert.equal((await bob.messages('Ana', 1))[0]?.text, 'two\nlines')
    await ana.fault(2, 'send', '@bob', '')
    const dashed = await succeed(['send', '@bob', '--home', ana.home, '--', '-5 degrees'])
    assert.equal((await ana.data<{ readonly message: MessageView }>('msg', 'show', dashed.trim())).message.text, '-5 degrees')
  })

  it('says where a message is and how it got there', async () => {
    const { id } = await ana.data<{ readonly id: string }>('send', '@bob', 'Trace me', '--wait', 'delivered')
    const trace = await ana.data<{ readonly headline: string, readonly steps: readonly TraceStep[] }>('msg', 'trace', id)
    const names = trace.steps.map(({ step }) => step)
    assert.deepEqual(['queued', 'sealed', 'sent', 'delivered'].map(name => names.includes(name)), [true, true, true, true], names.join())
    const times = trace.steps.map(({ at }) => at)
    assert.deepEqual(times, times.toSorted())
    const shown = await ana.succeed('msg', 'trace', id.slice(0, 12))
    assert.match(shown, /^"Trace me" to bob\nDelivered/)
  })

  it('finds messages', async () => {
    await ana.succeed('send', '@bob', 'Greylag geese over the harbour', '--wait', 'delivered')
    for (const person of [ana, bob]) {
      const found = await person.lines<MessageView>('search', 'greylag')
      assert.deepEqual(found.map(({ text }) => text), ['Greylag geese over the harbour'])
    }
    assert.deepEqual(await bob.lines('search', 'albatross'), [])
  })

  it('never prints what somebody wrote as a command to the terminal', async () => {
    const evil = '\u001b]0;owned\u0007\u001b[2J\u202eevil\u0085\u009b31m\rover'
    const { id } = await bob.data<{ readonly id: string }>('send', 'Ana', evil, '--wait', 'delivered')
    const shown = [['read', '@bob', '--peek'], ['search', 'evil'], ['msg', 'trace', id], ['msg', 'show', id], ['export', '@bob', '--format', 'md'], ['events', '--after', 'start'], ['read', '@bob', '--peek', '--json'], ['events', '--after', 'start', '--json']]
    for (const args of shown) {
      const { stdout, stderr } = await ana.run(...args)
      // eslint-disable-next-line no-control-regex -- controls are what is looked for
      assert.doesNotMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/, `skein ${args.join(' ')}`)
    }
    const [message] = (await ana.messages('@bob', 1))
    assert.equal(message?.text, evil, 'for programs it is what was written')
  })

  it('exports what was said, for programs and for people', async () => {
    const lines = await linesOf<MessageView>(['export', '@bob', '--home', ana.home])
    const shown = await ana.messages('@bob', 100)
    assert.deepEqual(lines.map(({ id }) => id), shown.map(({ id }) => id))
    const file = join(folder, 'bob.md')
    await ana.succeed('export', '@bob', '--format', 'md', '--output', file)
    assert.match(await readFile(file, 'utf8'), /The ferry goes at nine/)
    await writeFile(file, 'mine')
    await ana.fault(2, 'export', '@bob', '--format', 'md', '--output', file)
    assert.equal(await readFile(file, 'utf8'), 'mine')
  })

  it('tells how a node fares', async () => {
    const status = await ana.data<StatusView & { readonly isRunning: boolean }>('status')
    assert.deepEqual([status.isRunning, status.connections, status.contacts, status.outbox.open, status.trouble], [true, 1, 1, 0, []])
    assert.equal(status.home, ana.home)
    const { findings } = await ana.data<{ readonly findings: ReadonlyArray<{ readonly severity: string }> }>('doctor')
    assert.deepEqual(findings.filter(({ severity }) => severity === 'error'), [])
  })

  it('takes a moment for each command, also when it waits', async () => {
    for (const [what, more] of [['send', []], ['send --wait delivered', ['--wait', 'delivered']]] as const) {
      const tookMs: number[] = []
      for (let index = 0; index < SENDS_MEASURED; index++) {
        const ended = await skein(['send', '@bob', `Measured ${index}`, '--home', ana.home, ...more])
        assert.equal(ended.exit, 0, ended.stderr)
        tookMs.push(ended.tookMs)
      }
      tookMs.sort((left, right) => left - right)
      const at = (share: number): string => `${Math.round(tookMs[Math.floor(share * (tookMs.length - 1))] ?? 0)} ms`
      console.log(`      skein ${what}, node running: fastest ${at(0)}, median ${at(0.5)}, slowest ${at(1)}`)
      // A wait that nobody wakes ends when its time is up, and then finds everything well: only the clock shows it.
      assert.ok(tookMs.every(ms => ms < WAIT_MS_MAX), tookMs.join())
    }
  })
})
