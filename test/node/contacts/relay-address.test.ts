import assert from 'node:assert/strict'
import { UsageError } from '../../../protocols/core/errors.ts'
import { parseRelayAddress, relayAddressText } from '../../../node/contacts/relay-address.ts'

const PEER = '12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2'

describe('a relay’s address', () => {
  it('says where it is and who answers there', () => {
    for (const address of ['/ip4/203.0.113.7/tcp/4040', '/dns4/relay.example.org/tcp/443/tls/ws', '/ip6/2001:db8::1/tcp/1']) {
      assert.deepEqual(parseRelayAddress(` ${address}/p2p/${PEER}\n`), { peerId: PEER, addresses: [address] })
      assert.deepEqual(parseRelayAddress(`${address}/p2p/${PEER}/p2p/${PEER}`), { peerId: PEER, addresses: [address] })
      assert.equal(relayAddressText({ peerId: PEER, addresses: [address] }), `${address}/p2p/${PEER}`)
    }
  })

  it('without a peer, without a place, or through another relay is none', () => {
    for (const text of ['', 'relay.example.org', '/ip4/203.0.113.7/tcp/4040', `/p2p/${PEER}`, `/ip4/1.2.3.4/tcp/1/p2p/${PEER}/`, `/ip4/1.2.3.4/tcp/1/p2p/${PEER}/p2p-circuit/p2p/${PEER}`, `/ip4/1.2.3.4/tcp/1/p2p/${PEER.toLowerCase()}/p2p/${PEER}`, `/${'x'.repeat(300)}/p2p/${PEER}`]) {
      assert.throws(() => parseRelayAddress(text), UsageError, text)
    }
  })
})
