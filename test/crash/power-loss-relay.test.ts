/**
 * A relay whose disk loses its power while envelopes come in: the file system is shut down under it, what was not synced is gone, and what it
 * has signed for has to be there. docs/protocols/deposit.md, "Stored"
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseRelayAddress } from '../../node/contacts/relay-address.ts'
import type { PeerTarget } from '../../node/ports.ts'
import { openDatabase } from '../../store/database.ts'
import { skein, succeed, type Finished } from '../e2e/skein.ts'
import { skip } from '../skip.ts'
import { appearing } from './appearing.ts'
import { Owner, Sender } from './depositors.ts'
import { Disk } from './disk.ts'
import { Running, type Ended } from './running.ts'
import { seeded } from '../../testnet/chance.ts'
import { seedOfThisRun } from './seed.ts'
import { inTime } from './victims.ts'

const CUTS = Number(process.env['POWER_CUTS'] ?? 5)
/** Each costs three starts. */
const BIRTHS = Math.ceil(CUTS / 2)
const SENDERS = 3
/** How long it works before its power goes: long enough for the log to be brought into the database meanwhile. */
const LIFE_MS_MAX = 1_200
/** How long the making of a relay takes once its folder is there, on a machine that does other things. */
const BIRTH_MS_MAX = 20
/** What is looked for is not a limit. */
const LIMITLESS = {
  SKEIN_RELAY_DHT_ON: 'false',
  SKEIN_RELAY_HTTP: 'off',
  SKEIN_RELAY_MAILBOX_ITEMS: '1000000',
  SKEIN_RELAY_MAILBOX_SIZE: '1GiB',
  SKEIN_RELAY_MAILBOX_ALIAS_ITEMS: '1000000',
  SKEIN_RELAY_MAILBOX_ALIAS_SIZE: '1GiB',
  SKEIN_RELAY_RATE_DEPOSITS_PER_ALIAS: '1000000/s'
}

describe('a relay that loses its power', function () {
  this.timeout(60_000 + CUTS * 20_000)
  const seed = seedOfThisRun()
  const random = seeded(seed)
  const resources = new AsyncDisposableStack()
  let disk: Disk
  let home: string

  before(async function () {
    const made = await Disk.create()
    if (typeof made === 'string') return skip(this, made)
    disk = resources.use(made)
    home = join(disk.path, 'relay')
    console.log(`    (CRASH_SEED=${seed} repeats what is chance here, POWER_CUTS=${CUTS} is how often)`)
  })
  after(async () => { await resources.disposeAsync() })

  it(`has everything that it has signed for, each once: ${CUTS} times`, async () => {
    await succeed(['relay', 'init', '--home', home, '--key-file'])
    await using owner = await Owner.create()
    const senders: Sender[] = []
    await using stack = new AsyncDisposableStack()
    for (let cut = 1; cut <= CUTS; cut++) {
      await using relay = await up()
      if (senders.length === 0) {
        const doors = await owner.makeDoors(targetOf(relay))
        for (let count = 0; count < SENDERS; count++) senders.push(stack.use(await Sender.create(doors)))
      }
      await owner.collect(targetOf(relay))
      assertKept(senders, owner)
      // An owner who is there meanwhile takes away what has just come; one who is not lets it pile up.
      if (cut % 2 === 0) await owner.attend(targetOf(relay))
      const depositing = senders.map(async sender => { await sender.deposit(targetOf(relay)) })
      await Promise.race(senders.map(async sender => { await sender.promise() }))
      await delay(random() * LIFE_MS_MAX)
      await disk.cut()
      await Promise.all(depositing)
      assertSaid(await inTime('the end of a relay without a disk', relay.ended))
      await disk.back()
    }
    await using relay = await up()
    await owner.collect(targetOf(relay))
    assertKept(senders, owner)
    assert.equal((await relay.end('SIGTERM')).exit, 0)
    assertSound(join(home, 'relay.db'))
  })

  it(`is made as a whole or not at all: ${BIRTHS} times`, async () => {
    let made = 0
    for (let birth = 1; birth <= BIRTHS; birth++) {
      home = join(disk.path, `born-${birth}`)
      const first = await initWithout(birth === BIRTHS ? 'afterwards' : random() * BIRTH_MS_MAX)
      assert.ok(first.exit === 0 || first.exit === 9, `${first.exit}: ${first.stderr}`)
      assert.doesNotMatch(first.stderr, /\n {4}at /, 'a disk that is gone is not a bug')
      const second = await skein(initOf(home))
      assert.ok(second.exit === 2 || second.exit === 0, `${second.exit}: ${second.stderr}`)
      if (first.exit === 0) assert.equal(second.exit, 2, 'what was said to be made is there')
      if (second.exit === 2) made += 1
      assert.match(await readFile(join(home, 'relay.toml'), 'utf8'), /^name = "Harbour"$/m, 'and works as it was told')
      await using relay = await up()
      const [told] = [first, second].filter(({ exit }) => exit === 0)
      if (told !== undefined) assert.equal(relay.ready.peerId, (JSON.parse(told.stdout) as { readonly data: PeerTarget }).data.peerId)
    }
    console.log(`        ${made} of ${BIRTHS} were made before the power went`)
  })

  it('has the doors that it has confirmed, also in the first moments of its life', async () => {
    home = join(disk.path, 'young')
    await succeed(initOf(home))
    await using owner = await Owner.create()
    const doors = await beforeItsEnd(async relay => await owner.makeDoors(relay))
    await using sender = await Sender.create(doors)
    await using relay = await up()
    const depositing = sender.deposit(targetOf(relay))
    await inTime('a promise through a door that was confirmed', sender.promise())
    await relay.end('SIGTERM')
    await depositing
  })

  /** A relay without power, as soon as `work` is done. */
  async function beforeItsEnd<Value> (work: (relay: PeerTarget) => Promise<Value>): Promise<Value> {
    await using relay = await up()
    const done = await work(targetOf(relay))
    await disk.cut()
    await relay.end('SIGKILL')
    await disk.back()
    return done
  }

  async function initWithout (afterMs: number | 'afterwards'): Promise<Finished> {
    const over = new AbortController()
    const making = skein(initOf(home)).finally(() => { over.abort() })
    if (afterMs === 'afterwards') await making
    else {
      await appearing(home, over)
      await delay(afterMs)
    }
    await disk.cut()
    const ended = await making
    await disk.back()
    return ended
  }

  async function up (): Promise<Running<PeerTarget>> {
    return await Running.start<PeerTarget>(['relay', 'up', '--home', home, '--listen', '/ip4/127.0.0.1/tcp/0'], LIMITLESS)
  }
})

function initOf (home: string): readonly string[] { return ['relay', 'init', '--home', home, '--name', 'Harbour', '--json'] }

/** Nobody has to find out why: what happened, what is safe, what to do. */
function assertSaid ({ exit, signal, stderr }: Ended): void {
  assert.deepEqual([exit, signal], [9, null], stderr)
  assert.match(stderr, /^error: .+relay\.db.+ safe.+ start .+ \(exit 9\)\n$/)
}

function assertKept (senders: readonly Sender[], { has }: Owner): void {
  for (const { promised } of senders) {
    const lost = [...promised].filter(([id, hash]) => has.get(id) !== hash)
    assert.equal(lost.length, 0, `${lost.length} of ${promised.size} envelopes were signed for and are not there`)
  }
}

function assertSound (path: string): void {
  const database = openDatabase({ path, isNew: false })
  try {
    assert.deepEqual(database.pragma('integrity_check'), [{ integrity_check: 'ok' }])
    assert.deepEqual(database.pragma('foreign_key_check'), [])
  } finally {
    database.close()
  }
}

/** As others dial it. */
function targetOf ({ ready: { addresses } }: Running<PeerTarget>): PeerTarget { return parseRelayAddress(addresses[0] ?? '') }
