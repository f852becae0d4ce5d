import assert from 'node:assert/strict'
import { Gate } from '../../../testnet/simulation/gate.ts'

describe('a process that stands still', () => {
  it('gets what came meanwhile when it goes on, in order, and stands still again when it is told to on the way', () => {
    const gate = new Gate()
    const seen: number[] = []
    gate.pause()
    gate.pass(() => { seen.push(1) })
    gate.pass(() => { seen.push(2); gate.pause() })
    gate.pass(() => { seen.push(3) })
    gate.resume()
    assert.deepEqual(seen, [1, 2])
    gate.resume()
    assert.deepEqual(seen, [1, 2, 3])
  })

  it('that dies gets nothing any more, and answers nobody', async () => {
    const gate = new Gate()
    const seen: number[] = []
    gate.pause()
    gate.pass(() => { seen.push(1) })
    const call = gate.during(new Promise<never>(() => {}), () => new Error('dead'))
    gate.shut()
    gate.resume()
    gate.pass(() => { seen.push(2) })
    assert.deepEqual(seen, [])
    await assert.rejects(call, /dead/)
  })
})
