import assert from 'node:assert/strict'
import fc from 'fast-check'
import { addressFromBytes, addressToBytes, addressesToTell, isDialable, placeOf } from '../../../node/net/addresses.ts'
import { MalformedError } from '../../../protocols/core/errors.ts'
import { ADDRESSES_MAX, ADDRESS_BYTES_MAX } from '../../../protocols/core/limits.ts'

describe('addresses that we tell others', () => {
  it('are public before private, and loopback is left out beside them', () => {
    const bound = ['/ip4/127.0.0.1/tcp/4001', '/ip4/192.168.1.7/tcp/4001', '/ip4/203.0.113.9/tcp/4001', '/ip6/2001:db8::1/tcp/4001']
    assert.deepEqual(addressesToTell({ announce: [], listen: ['/ip4/0.0.0.0/tcp/4001'], bound }),
      ['/ip4/203.0.113.9/tcp/4001', '/ip6/2001:db8::1/tcp/4001', '/ip4/192.168.1.7/tcp/4001'])
  })

  it('are loopback when there is nothing else', () => {
    const bound = ['/ip4/127.0.0.1/tcp/4001', '/ip4/127.0.0.1/tcp/4002/ws']
    assert.deepEqual(addressesToTell({ announce: [], listen: ['/ip4/0.0.0.0/tcp/0'], bound }), bound)
  })

  it('are loopback, too, when the configuration names it', () => {
    const bound = ['/ip4/127.0.0.1/tcp/4001', '/ip4/10.0.0.3/tcp/4002']
    assert.deepEqual(addressesToTell({ announce: [], listen: ['/ip4/127.0.0.1/tcp/4001', '/ip4/0.0.0.0/tcp/4002'], bound }),
      ['/ip4/10.0.0.3/tcp/4002', '/ip4/127.0.0.1/tcp/4001'])
  })

  it('begin with what the operator announces', () => {
    assert.deepEqual(addressesToTell({ announce: ['/dns4/relay.example/tcp/443/wss'], listen: [], bound: ['/ip4/10.0.0.3/tcp/4002'] }),
      ['/dns4/relay.example/tcp/443/wss', '/ip4/10.0.0.3/tcp/4002'])
  })

  it('count carriers\' NAT and unique local addresses as private, and tell no link-local ones', () => {
    const bound = ['/ip4/100.64.0.5/tcp/1', '/ip6/fd00::5/tcp/1', '/ip4/169.254.9.9/tcp/1', '/ip6/fe80::1/tcp/1', '/ip4/198.51.100.1/tcp/1']
    assert.deepEqual(addressesToTell({ announce: [], listen: [], bound }),
      ['/ip4/198.51.100.1/tcp/1', '/ip4/100.64.0.5/tcp/1', '/ip6/fd00::5/tcp/1'])
  })

  it('are no more than a device may list, and none twice', () => {
    const bound = Array.from({ length: 20 }, (_, index) => `/ip4/10.0.0.${index % 12}/tcp/4001`)
    const told = addressesToTell({ announce: [], listen: [], bound })
    assert.equal(told.length, ADDRESSES_MAX)
    assert.equal(new Set(told).size, ADDRESSES_MAX)
  })
})

describe('an address from a stranger', () => {
  for (const address of [
    '/ip4/127.0.0.1/tcp/4001', '/ip4/192.168.0.2/tcp/4001/ws', '/ip6/::1/tcp/4001', '/ip6/2001:db8::1/tcp/443/tls/ws',
    '/dns4/relay.example/tcp/443/wss', '/dns/relay.example/tcp/4001', '/dns6/relay.example/tcp/1/tls/sni/relay.example/ws'
  ]) {
    it(`is dialled: ${address}`, () => { assert.equal(isDialable(address), true) })
  }

  for (const address of [
    '', '/', 'nonsense', '/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4001', '/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/udp/4001/quic-v1', '/ip4/224.0.0.1/tcp/1',
    '/ip4/255.255.255.255/tcp/1', '/ip6/ff02::1/tcp/1', '/ip4/169.254.169.254/tcp/80', '/ip4/127.0.0.1/tcp/99999', '/ip4/1.2.3/tcp/1',
    '/dnsaddr/bootstrap.example', '/unix/%2ftmp%2fsocket', '/ip4/1.2.3.4/tcp/1/p2p/12D3KooWAGvuTR9MTJoXUgtjpUYwuvgdBEJFZBSfAuvvgQFczMeR',
    '/ip4/1.2.3.4/tcp/1/p2p/12D3KooWAGvuTR9MTJoXUgtjpUYwuvgdBEJFZBSfAuvvgQFczMeR/p2p-circuit', `/dns4/${'a'.repeat(2000)}/tcp/1`
  ]) {
    it(`is not dialled: ${address.slice(0, 80)}`, () => { assert.equal(isDialable(address), false) })
  }

  it('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 100 }), text => {
      assert.equal(isDialable(text) && placeOf(text) === undefined, false)
      assert.equal(typeof isDialable(`/${text}`), 'boolean')
    }))
  })
})

describe('the bytes of an address', () => {
  it('give the text back', () => {
    for (const text of ['/ip4/10.0.0.1/tcp/4001', '/ip6/2001:db8::1/tcp/4001/ws', '/dns4/relay.example/tcp/443/tls/ws']) {
      assert.equal(addressFromBytes(addressToBytes(text)), text)
    }
  })

  it('are an address or malformed, whatever they are', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: ADDRESS_BYTES_MAX + 10 }), bytes => {
      try {
        assert.deepEqual(Buffer.from(addressToBytes(addressFromBytes(bytes))).byteLength > 0, true)
      } catch (error) {
        assert.ok(error instanceof MalformedError)
      }
    }))
  })

  it('are refused when there are too many or none', () => {
    assert.throws(() => addressToBytes(`/dns4/${'a'.repeat(ADDRESS_BYTES_MAX)}/tcp/1`), MalformedError)
    assert.throws(() => addressToBytes(''), MalformedError)
    assert.throws(() => addressToBytes('not an address'), MalformedError)
    assert.throws(() => addressFromBytes(new Uint8Array(0)), MalformedError)
    assert.throws(() => addressFromBytes(new Uint8Array(ADDRESS_BYTES_MAX + 1)), MalformedError)
  })
})
