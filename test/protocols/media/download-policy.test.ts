import assert from 'node:assert/strict'
import { DOWNLOAD_POLICY, isFetchedAtOnce, type Arriving } from '../../../protocols/media/download-policy.ts'

const MIB = 2 ** 20
const photo: Arriving = { blobBytes: 3 * MIB, isVoice: false, isContact: true, isVerified: false }

describe('a file that a message names', () => {
  it('comes by itself when it is small and from a contact', () => {
    assert.equal(isFetchedAtOnce(photo, DOWNLOAD_POLICY), true)
    assert.equal(isFetchedAtOnce({ ...photo, isContact: false }, DOWNLOAD_POLICY), false)
    assert.equal(isFetchedAtOnce({ ...photo, blobBytes: 32 * MIB }, DOWNLOAD_POLICY), true)
    assert.equal(isFetchedAtOnce({ ...photo, blobBytes: 32 * MIB + 1 }, DOWNLOAD_POLICY), false)
    assert.equal(isFetchedAtOnce(photo, { ...DOWNLOAD_POLICY, autoBytesMax: 0 }), false)
  })

  it('waits for a person when only verified contacts may send so', () => {
    const policy = { ...DOWNLOAD_POLICY, isVerifiedOnly: true }
    assert.equal(isFetchedAtOnce(photo, policy), false)
    assert.equal(isFetchedAtOnce({ ...photo, isVerified: true }, policy), true)
  })

  it('waits on a line that costs, but for a voice note', () => {
    const policy = { ...DOWNLOAD_POLICY, isMetered: true }
    assert.equal(isFetchedAtOnce(photo, policy), false)
    assert.equal(isFetchedAtOnce({ ...photo, blobBytes: MIB, isVoice: true }, policy), true)
    assert.equal(isFetchedAtOnce({ ...photo, blobBytes: 2 * MIB, isVoice: true }, policy), false)
  })
})
