/**
 * A user's node whose disk loses its power: the file system is shut down under it, what was not synced is gone, and what it has said is saved,
 * delivered or made has to be there. docs/decisions/0007-durability.md
 */
import assert from 'node:assert/strict'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '../../cli/client.ts'
import { SkeinError } from '../../protocols/core/errors.ts'
import { parseRecoveryWords, vaultKeyOf } from '../../protocols/account/recovery.ts'
import type { LocalApi } from '../../protocols/local/operations.ts'
import { openVault } from '../../store/vault.ts'
import { dataOf, makeFolder, removeFolder, skein, succeed, type Finished } from '../e2e/skein.ts'
import { skip } from '../skip.ts'
import { appearing } from './appearing.ts'
import { Disk } from './disk.ts'
import { Running, type Ended } from './running.ts'
import { seeded } from '../../testnet/chance.ts'
import { seedOfThisRun } from './seed.ts'
import { settleUp, type Side } from './settling.ts'
import { inTime } from './victims.ts'

const CUTS = Number(process.env['POWER_CUTS'] ?? 4)
/** Each costs three starts. */
const BIRTHS = Math.ceil(CUTS / 2) + 1
/** How long it works before its power goes. */
const LIFE_MS_MAX = 800
/** How long the making of an account takes once its first file is there, on a machine that does other things. */
const BIRTH_MS_MAX = 120

/** Somebody with a home and a node that comes and goes, who writes numbers. */
class Member implements Side, AsyncDisposable {
  readonly name: string
  readonly home: string
  readonly api: LocalApi
  readonly owed = new Set<string>()
  account = ''
  #number: number
  #first = Promise.withResolvers<undefined>()
  #running: Running<{ readonly account: string }> | undefined

  /** @param first where it begins to count, by twos: no two write the same number */
  constructor (name: string, { folder, first }: { readonly folder: string, readonly first: number }) {
    this.name = name
    this.home = join(folder, name)
    this.api = connect(this.home)
    this.#number = first
  }

  async init (): Promise<void> {
    const { account } = await dataOf<{ readonly account: string }>(['init', '--home', this.home, '--name', this.name, '--key-file', '--accept', 'all', '--words-file', `${this.home}.words`])
    this.account = account
  }

  async up (): Promise<void> { this.#running = await Running.start(['up', '--home', this.home, '--listen', '/ip4/127.0.0.1/tcp/0']) }

  /** How it ended, by itself. */
  async ended (): Promise<Ended> {
    if (this.#running === undefined) assert.fail(`${this.name} does not run`)
    return await inTime(`the end of ${this.name}`, this.#running.ended)
  }

  async stop (): Promise<void> { assert.equal((await this.#running?.end('SIGTERM'))?.exit, 0) }

  /** Resolves when it has been given an id, by a node that it has just begun to write to. */
  async answered (): Promise<void> { await this.#first.promise }

  /** One message after the other, until the signal, or until the node takes no more. What it has given an id for is owed. */
  async write (to: string, signal: AbortSignal): Promise<void> {
    this.#first = Promise.withResolvers()
    try {
      while (!signal.aborted) {
        const { id } = await this.api.call('send', { to, text: String(this.#number += 2) })
        this.owed.add(id)
        this.#first.resolve(undefined)
      }
    } catch (thrown) {
      if (!(thrown instanceof SkeinError)) throw thrown
    }
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.#running?.end('SIGKILL') }
}

describe('a node that loses its power', function () {
  this.timeout(120_000 + CUTS * 20_000)
  const seed = seedOfThisRun()
  const random = seeded(seed)
  const resources = new AsyncDisposableStack()
  let disk: Disk
  let bob: Member

  before(async function () {
    const made = await Disk.create()
    if (typeof made === 'string') return skip(this, made)
    disk = resources.use(made)
    const folder = resources.adopt(await makeFolder(), removeFolder)
    bob = resources.use(new Member('bob', { folder, first: 1 }))
    await bob.init()
    await bob.up()
    console.log(`    (CRASH_SEED=${seed} repeats what is chance here, POWER_CUTS=${CUTS} is how often)`)
  })
  after(async () => { await resources.disposeAsync() })

  it(`has what it has given ids for and what it has acknowledged, each once, and reads on: ${CUTS} times`, async () => {
    await using ana = new Member('ana', { folder: disk.path, first: 0 })
    await ana.init()
    await ana.up()
    const { link } = await bob.api.call('me.card', { once: false })
    await ana.api.call('contact.add', { link })
    const { id } = await ana.api.call('send', { to: bob.account, text: '0' })
    ana.owed.add(id)
    assert.ok((await ana.api.call('wait', { id, state: 'delivered', timeoutMs: 30_000 })).isReached)
    for (let cut = 1; cut <= CUTS; cut++) {
      const dark = new AbortController()
      const writing = [ana.write(bob.account, dark.signal), bob.write(ana.account, dark.signal)]
      await inTime('a first message', ana.answered())
      await delay(random() * LIFE_MS_MAX)
      await disk.cut()
      assertSaid(await ana.ended())
      dark.abort()
      await Promise.all(writing)
      await disk.back()
      await ana.up()
    }
    const count = await settleUp(ana, bob)
    console.log(`        ${count} messages, ${ana.owed.size} of them owed by the one whose power went`)
    await ana.stop()
  })

  it('has what a command has said is made, when the power goes right after it', async () => {
    await using ana = new Member('eve', { folder: disk.path, first: 0 })
    const relay = await relayElsewhere()
    await ana.init()
    await cutAndBack()
    const { link } = await bob.api.call('me.card', { once: false })
    const cases: ReadonlyArray<readonly [command: readonly string[], look: readonly string[], shows: RegExp]> = [
      [['config', 'set', 'read.limit', '7'], ['config', 'get', 'read.limit'], /^7$/m],
      [['contact', 'add', link, '--as', 'robert'], ['contact', 'list'], /robert/],
      [['relays', 'add', relay], ['relays', 'list'], new RegExp(relay.split('/').at(-1) ?? '')],
      [['me', 'rename', 'Evelyn'], ['me', 'show'], /Evelyn/],
      [['send', '@robert', 'kept'], ['read', 'robert'], /kept/]
    ]
    for (const [index, [command, look, shows]] of cases.entries()) {
      // With a node that goes on, and with one of its own that has ended.
      if (index % 2 === 1) await ana.up()
      await succeed([...command, '--home', ana.home])
      await disk.cut()
      await ana[Symbol.asyncDispose]()
      await disk.back()
      assert.match(await succeed([...look, '--home', ana.home]), shows, `skein ${command.slice(0, 2).join(' ')}`)
    }
  })

  it(`makes an account as a whole or not at all: ${BIRTHS} times`, async () => {
    let made = 0
    for (let birth = 1; birth <= BIRTHS; birth++) {
      const home = join(disk.path, `born-${birth}`)
      const first = await initWithout(home, birth === BIRTHS ? 'afterwards' : random() * BIRTH_MS_MAX)
      assert.ok(first.exit === 0 || first.exit === 9, `${first.exit}: ${first.stderr}`)
      assert.doesNotMatch(first.stderr, /\n {4}at /, 'a disk that is gone is not a bug')
      const second = await skein(initOf(home, `${home}.again`))
      const isWhole = second.exit === 2
      assert.ok(isWhole || second.exit === 0, `${second.exit}: ${second.stderr}`)
      if (first.exit === 0) assert.ok(isWhole, 'what was said to be made is there')
      if (isWhole) made += 1
      const { account } = await dataOf<{ readonly account: string }>(['me', 'show', '--home', home])
      if (first.exit === 0) assert.equal(account, (JSON.parse(first.stdout) as { readonly data: { readonly account: string } }).data.account)
      await assertWords(home, `${home}.${isWhole ? 'words' : 'again'}`)
    }
    console.log(`        ${made} of ${BIRTHS} were made before the power went`)
  })

  async function initWithout (home: string, afterMs: number | 'afterwards'): Promise<Finished> {
    const over = new AbortController()
    const making = skein(initOf(home, `${home}.words`)).finally(() => { over.abort() })
    if (afterMs === 'afterwards') await making
    else {
      await appearing(home, over)
      if (!over.signal.aborted) await appearing(join(home, 'unfinished'), over)
      await delay(afterMs)
    }
    await disk.cut()
    const ended = await making
    await disk.back()
    return ended
  }

  async function cutAndBack (): Promise<void> {
    await disk.cut()
    await disk.back()
  }

  /** The address of a relay that keeps its power. */
  async function relayElsewhere (): Promise<string> {
    const home = join(resources.adopt(await makeFolder(), removeFolder), 'relay')
    await succeed(['relay', 'init', '--home', home])
    const relay = resources.use(await Running.start<{ readonly peerId: string, readonly addresses: readonly string[] }>(['relay', 'up', '--home', home, '--listen', '/ip4/127.0.0.1/tcp/0'], { SKEIN_RELAY_DHT_ON: 'false', SKEIN_RELAY_HTTP: 'off' }))
    return relay.ready.addresses[0] ?? ''
  }
})

function initOf (home: string, words: string): readonly string[] {
  return ['init', '--home', home, '--name', 'Ana', '--key-file', '--words-file', words, '--json']
}

/** Nobody has to find out why: what happened, what is safe, what to do. */
function assertSaid ({ exit, signal, stderr }: Ended): void {
  assert.deepEqual([exit, signal], [9, null], stderr)
  assert.match(stderr, /^error: .+ account database\. .+ safe.+ start the node again.+ \(exit 9\)$/m)
}

/** There is no account without its words, and they open it where there is no key file. */
async function assertWords (home: string, path: string): Promise<void> {
  const recoveryKey = vaultKeyOf(parseRecoveryWords(await readFile(path, 'utf8')))
  const alone = `${path}.vault`
  await copyFile(join(home, 'vault.json'), alone)
  assert.equal((await openVault(alone, { recoveryKey })).byteLength, 32)
}
