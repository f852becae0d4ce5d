/** A disk without room: nothing is claimed that is not saved, nothing is lost, and with room everything goes on by itself. */
import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { decodeInvite } from '../../protocols/account/invite.ts'
import { parseDeviceId } from '../../protocols/core/ids.ts'
import { decodeBundleAnswer, encodeBundleRequest, PREKEYS_VERSION } from '../../protocols/prekeys/wire.ts'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import { PREKEYS_PROTOCOL } from '../../node/protocols.ts'
import { realClock } from '../../node/world.ts'
import { skip } from '../skip.ts'
import { NO_MOUNT, smallDisk, type Disk } from './folders.ts'
import { befriend, Person } from './nodes.ts'

const DISK_BYTES = 12 * 1024 * 1024
/** Long enough that no page left over in a file takes it. */
const LONG = 'x'.repeat(50_000)

describe('a full disk', () => {
  it('sends are refused, arrivals are not acknowledged, reading works, and with room all of it goes on without a restart', async function () {
    await using disk = await smallDisk(DISK_BYTES)
    if (disk === undefined) return skip(this, NO_MOUNT)
    await using ana = await Person.create('Ana', { home: join(disk.path, 'home') })
    await using bob = await Person.create('Bob')
    await befriend(bob, ana)
    await ana.until(await ana.send(bob, 'while there is room'), 'delivered')
    await bob.until(await bob.send(ana, 'plenty'), 'delivered')
    await ana.call('hook.add', { event: '*', command: 'true' })
    const saved = await fill(disk, ana, bob)

    await assert.rejects(ana.send(bob, LONG), { name: 'StorageError', code: 'storage', exit: 9, message: /full/, hint: /safe/ })
    assert.match((await ana.node.status()).trouble.join(), /full/)
    const unanswered = await bob.send(ana, `can you take this? ${LONG}`)
    await bob.attempted(unanswered)
    assert.equal((await bob.message(unanswered)).state, 'queued', 'nothing is acknowledged that is not saved')
    // A stranger asks for prekeys, and what is given out would have to be written first.
    const link = await ana.node.invite()
    await assert.rejects(askForPrekeys(ana, decodeInvite(link).token), { name: 'UnreachableError' })
    assert.deepEqual((await ana.texts(bob)).slice(0, 2), ['while there is room', 'plenty'])
    assert.equal((await ana.call('search', { query: 'plenty' })).messages.length, 1)
    assert.equal((await ana.node.contacts.list()).length, 1)

    await makeRoom(disk)
    await bob.until(unanswered, 'delivered')
    const after = await ana.send(bob, 'room again')
    await ana.until(after, 'delivered')
    await Promise.all(saved.map(id => ana.until(id, 'delivered')))
    await askForPrekeys(ana, decodeInvite(link).token)
    assert.deepEqual((await ana.node.status()).trouble, [])
    assert.deepEqual(await bob.texts(ana), await ana.texts(bob))
    await ana.restart()
    assert.deepEqual(await bob.texts(ana), await ana.texts(bob), 'the same after a restart')
  })

  it('a node starts on a full disk, shows what it has and takes nothing in until there is room', async function () {
    await using disk = await smallDisk(DISK_BYTES)
    if (disk === undefined) return skip(this, NO_MOUNT)
    await using ana = await Person.create('Ana', { home: join(disk.path, 'home') })
    await using bob = await Person.create('Bob')
    await befriend(bob, ana)
    await bob.until(await bob.send(ana, 'before'), 'delivered')
    await fill(disk, ana, bob)
    await ana.restart()
    const waiting = await bob.send(ana, LONG)
    await bob.attempted(waiting)
    assert.equal((await ana.texts(bob))[0], 'before')
    await assert.rejects(ana.send(bob, LONG), { name: 'StorageError' })
    await makeRoom(disk)
    await bob.until(waiting, 'delivered')
    await ana.until(await ana.send(bob, 'recovered'), 'delivered')
    assert.deepEqual(await bob.texts(ana), await ana.texts(bob))
  })

  it('no account is half made where there is no room for it', async function () {
    await using disk = await smallDisk(64 * 1024)
    if (disk === undefined) return skip(this, NO_MOUNT)
    const home = join(disk.path, 'home')
    await assert.rejects(Person.create('Ana', { home }), { name: 'StorageError', exit: 9 })
  })
})

/** Fills a disk to its last byte, and sends until a message does not fit any more. Returns the ids of those that did. */
async function fill (disk: Disk, from: Person, to: Person): Promise<string[]> {
  for (let chunkBytes = 1024 * 1024, index = 0; chunkBytes >= 512; index++) {
    try {
      await writeFile(join(disk.path, `filler-${index}`), randomBytes(chunkBytes))
    } catch {
      chunkBytes /= 2
    }
  }
  const saved = []
  for (let index = 0; index < 1000; index++) {
    try {
      saved.push(await from.send(to, `${index} ${LONG}`))
    } catch {
      return saved
    }
  }
  throw new Error('the disk does not become full')
}

/** As somebody who has an invite. */
async function askForPrekeys ({ node }: Person, token: Uint8Array): Promise<void> {
  const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: 'stranger', clock: realClock })
  await network.start()
  try {
    const request = encodeBundleRequest({ version: PREKEYS_VERSION, deviceId: parseDeviceId(node.device), token })
    const answer = decodeBundleAnswer(await network.request({ peerId: node.peerId, addresses: node.addresses() }, PREKEYS_PROTOCOL, request))
    assert.equal(answer.type, 'bundle')
  } finally {
    await network.stop()
  }
}

async function makeRoom (disk: Disk): Promise<void> {
  for (let index = 0; index < 100; index++) await rm(join(disk.path, `filler-${index}`), { force: true })
}
