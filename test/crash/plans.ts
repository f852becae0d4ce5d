/** Every step of node/failpoints.ts, and what a node must be doing to come by it. */
import assert from 'node:assert/strict'
import { decodeInvite } from '../../protocols/account/invite.ts'
import { parseDeviceId } from '../../protocols/core/ids.ts'
import { decodeBundleAnswer, encodeBundleRequest, PREKEYS_VERSION } from '../../protocols/prekeys/wire.ts'
import { UnreachableError } from '../../protocols/core/errors.ts'
import type { Step } from '../../node/failpoints.ts'
import { addressFromBytes } from '../../node/net/addresses.ts'
import { peerIdFromBytes } from '../../node/net/identity.ts'
import { PREKEYS_PROTOCOL } from '../../node/protocols.ts'
import { impostor } from '../integration/impostors.ts'
import { CrashPair, type Kill, type PairParts } from './pairs.ts'

export interface Plan {
  /** Who they are before the first kill. */
  readonly meet: (parts: PairParts) => Promise<CrashPair>
  readonly kill: (pair: CrashPair, kill: Kill) => Promise<void>
  /** The victim comes by at least so often before it has nothing more to do. */
  readonly passes: number
}

const friends: Plan['meet'] = parts => CrashPair.create(parts)
const writes = (passes: number): Plan => ({ meet: friends, passes, kill: (pair, kill) => pair.killWriter(kill) })
const reads = (passes: number): Plan => ({ meet: friends, passes, kill: (pair, kill) => pair.killReader(kill) })
const both = (passes: number): Plan => ({ meet: friends, passes, kill: (pair, kill) => pair.killBoth(kill) })

export const PLANS: Readonly<Record<Step, Plan>> = {
  'send.beforeCommit': writes(8),
  'send.afterCommit': writes(8),
  'deposit.beforeWrite': writes(8),
  'deposit.afterWrite': writes(8),
  'result.arrived': writes(8),
  'settle.beforeCommit': writes(6),
  'settle.afterCommit': writes(6),
  'receive.arrived': reads(5),
  'receive.opened': reads(5),
  'receive.beforeCommit': reads(5),
  'receive.afterCommit': reads(5),
  'receive.acknowledged': reads(5),
  'write.beforeCommit': both(8),
  'write.afterCommit': both(8),
  'seal.beforeCommit': both(4),
  'seal.afterCommit': both(4),
  'turn.written': both(20),
  'prekeys.issued': { meet: friends, passes: 3, kill: killServingPrekeys },
  // Killed before its session is saved, a victim begins again where it was.
  'session.started': { meet: parts => CrashPair.strangers(parts), passes: 1, kill: killStartingSessions }
}

async function killStartingSessions (pair: CrashPair, kill: Kill): Promise<void> {
  assert.ok(await pair.killIntroducing(kill), 'it starts a session')
}

/** Strangers with an invite ask for prekeys, until one of them gets no answer. A key is handed out once, whatever happens. */
async function killServingPrekeys (pair: CrashPair, kill: Kill): Promise<void> {
  await pair.killServing(kill, async (link, device) => {
    for (let asked = 0; asked < kill.n; asked++) {
      const id = await askForPrekey(link, device)
      if (id === undefined) return
      assert.equal(pair.prekeysGivenOut.has(id), false, 'a one-time prekey is given out once')
      pair.prekeysGivenOut.add(id)
    }
  })
}

/** The id of the one-time key in a bundle; undefined when the one who was asked died meanwhile. */
async function askForPrekey (link: string, device: string): Promise<number | undefined> {
  const { hints, token } = decodeInvite(link)
  const [hint] = hints
  assert.ok(hint, 'an invite says where')
  const network = impostor()
  await network.start()
  try {
    const target = { peerId: peerIdFromBytes(hint.peerId), addresses: [addressFromBytes(hint.address)] }
    const answer = decodeBundleAnswer(await network.request(target, PREKEYS_PROTOCOL, encodeBundleRequest({ version: PREKEYS_VERSION, deviceId: parseDeviceId(device), token })))
    assert.ok(answer.type === 'bundle' && answer.bundle.oneTimePrekeyId !== undefined, 'who has an invite gets a one-time key')
    return answer.bundle.oneTimePrekeyId
  } catch (error) {
    if (error instanceof UnreachableError) return undefined
    throw error
  } finally {
    await network.stop()
  }
}
