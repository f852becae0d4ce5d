import assert from 'node:assert/strict'
import { routerKind } from '../../../protocols/paths/nat.ts'

describe('the kind of router', () => {
  const own = ['192.168.1.2', '::1']
  it('is open when a server sees one of our own addresses', () => {
    assert.equal(routerKind(['203.0.113.7'], [{ host: '203.0.113.7', port: 5 }]), 'open')
  })
  it('is steady when two servers see the same port, and changing when they do not', () => {
    assert.equal(routerKind(own, [{ host: '203.0.113.7', port: 5 }, { host: '203.0.113.7', port: 5 }]), 'steady')
    assert.equal(routerKind(own, [{ host: '203.0.113.7', port: 5 }, { host: '203.0.113.7', port: 6 }]), 'changing')
    assert.equal(routerKind(own, [{ host: '203.0.113.7', port: 5 }, { host: '203.0.113.8', port: 5 }]), 'changing')
  })
  it('is not told by one server, nor by none', () => {
    assert.equal(routerKind(own, [undefined, { host: '203.0.113.7', port: 5 }]), 'unknown')
    assert.equal(routerKind(own, [undefined, undefined]), 'blocked')
    assert.equal(routerKind(own, []), 'blocked')
  })
})
