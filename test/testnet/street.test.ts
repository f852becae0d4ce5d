import assert from 'node:assert/strict'
import { netemScript } from '../../testnet/cable/namespaces/shaping.ts'
import { faultScript, natRules } from '../../testnet/cable/namespaces/street.ts'
import { PERFECT, Rules } from '../../testnet/cable/rules.ts'

const LOTS = ['relay1', 'ana', 'bob'].map((name, index) => ({ name, number: index + 1 }))
const ANA = { name: 'ana', number: 2 }

describe('a street of namespaces', () => {
  it('passes on everything when nothing is broken', () => {
    assert.doesNotMatch(faultScript(LOTS, new Rules()), /drop/)
  })

  it('drops both ways what a cut parts, and what comes from or goes to somebody without power', () => {
    const rules = new Rules()
    rules.cut({ left: new Set(['ana']), right: new Set(['bob', 'relay1']) })
    rules.setOff('bob', true)
    assert.deepEqual(dropsIn(rules), [
      'ip saddr { 11.0.2.0/24 } ip daddr { 11.0.1.0/24, 11.0.3.0/24 } drop',
      'ip saddr { 11.0.1.0/24, 11.0.3.0/24 } ip daddr { 11.0.2.0/24 } drop',
      'ip saddr { 11.0.3.0/24 } drop',
      'ip daddr { 11.0.3.0/24 } drop'
    ])
  })

  it('loses a share of what comes over a line, each way', () => {
    const rules = new Rules()
    rules.setLink('ana', { ...PERFECT, loss: 0.025 })
    assert.deepEqual(dropsIn(rules), ['saddr', 'daddr'].map(side => `ip ${side} 11.0.2.0/24 numgen random mod 1000000 < 25000 drop`))
  })

  it('leaves delay and pace to netem at both ends of a line, where the kernel has it', () => {
    assert.deepEqual(netemScript(ANA, { delayMs: 80, jitterMs: 40, bytesPerSecond: 250_000 }).split('\n'), [
      'tc -n street qdisc replace dev p2 root netem delay 80ms 40ms rate 2000000bit',
      'tc -n r-ana qdisc replace dev wan root netem delay 80ms 40ms rate 2000000bit'
    ])
    assert.match(netemScript(ANA, { ...PERFECT, delayMs: 1 }), /delay 1ms 0ms\n/)
    assert.match(netemScript(ANA, { ...PERFECT, loss: 0.5 }), /^tc -n street qdisc del/)
  })

  it('has a port of its own for each remote behind a symmetric router only', () => {
    const ends = { inner: '192.168.2.2', leaving: 'snat to 11.0.2.1' }
    for (const kind of ['forwarded', 'full-cone', 'restricted', 'port-restricted', 'symmetric', 'blocked-udp'] as const) {
      assert.equal(natRules(kind, ends).includes('fully-random'), kind === 'symmetric', kind)
      assert.equal(natRules(kind, ends).includes('dnat to 192.168.2.2'), ['forwarded', 'full-cone', 'restricted'].includes(kind), kind)
    }
  })
})

function dropsIn (rules: Rules): string[] { return faultScript(LOTS, rules).split('\n').map(line => line.trim()).filter(line => line.endsWith(' drop')) }
