import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { owned } from '../../../node/crypto/boundary.ts'
import { localOf } from '../../../node/crypto/local.ts'
import { Opener } from '../../../node/crypto/opener.ts'
import { closeParties, Party, TestClock } from './party.ts'

describe('opening many seals', () => {
  afterEach(closeParties)

  it('gives what was under each, in order, and nothing for those that are not ours, here or beside the main thread', async function () {
    const bob = new Party(new TestClock())
    const opener = new Opener({ privateKey: localOf(bob.own).identity.privateKey.serialize(), device: owned(bob.device) })
    const letters = Array.from({ length: 100 }, (_, index) => Buffer.alloc(50, index))
    const sealed = letters.map(letter => bob.sealer.sealTo(bob.identityKey, bob.device, letter))
    sealed[7] = Uint8Array.from(sealed[7] ?? [], (byte, index) => index === 60 ? byte ^ 1 : byte)
    const expected = letters.map((letter, index) => index === 7 ? undefined : Uint8Array.from(letter))
    const plain = async (): Promise<Array<Uint8Array | undefined>> => (await opener.open(sealed)).map(one => one === undefined ? undefined : Uint8Array.from(one))
    assert.deepEqual(await plain(), expected)
    // The thread has loaded by then, and takes over.
    await pause(1_500)
    const [first, second, few] = await Promise.all([plain(), plain(), opener.open(sealed.slice(0, 2))])
    assert.deepEqual([first, second], [expected, expected])
    assert.deepEqual(few.map(one => one?.byteLength), [50, 50])
  })
})
