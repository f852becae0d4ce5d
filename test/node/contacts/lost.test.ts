import assert from 'node:assert/strict'
import { LostContacts } from '../../../node/contacts/lost.ts'

describe('a contact that nothing reaches', () => {
  it('is looked for soon, and then ever more rarely', () => {
    const lost = new LostContacts()
    const looks: number[] = []
    for (let second = 0; second <= 24 * 3_600; second++) if (lost.isLookDue(1, second * 1_000)) looks.push(second)
    assert.deepEqual(looks.slice(0, 5), [1, 61, 181, 421, 901])
    assert.ok(looks.length < 14, `${looks.length} looks in a day`)
  })

  it('is not looked for at the first failure: it may be starting again', () => {
    const lost = new LostContacts()
    assert.equal(lost.isLookDue(1, 5_000), false)
    assert.equal(lost.isLookDue(2, 5_000), false)
  })

  it('is looked for soon again when it gets lost once more', () => {
    const lost = new LostContacts()
    for (let second = 0; second <= 3_600; second++) lost.isLookDue(1, second * 1_000)
    lost.found(1)
    assert.equal(lost.isLookDue(1, 4_000_000), false)
    assert.equal(lost.isLookDue(1, 4_001_000), true)
  })
})
