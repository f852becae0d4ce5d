import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import fc from 'fast-check'
import { answerTo, askStun, mappedAddress, requestWith, serveStun } from '../../../node/net/stun.ts'
import { realClock, realRandom } from '../../../node/world.ts'
import { atEnd, stopAll } from './neighbours.ts'

const ID = new Uint8Array(12).fill(5)
const SENDER = { address: '203.0.113.7', port: 40_001 }

describe('STUN', () => {
  afterEach(stopAll)

  it('tells who asks where it is seen', () => {
    const answer = answerTo(requestWith(ID), SENDER)
    assert.ok(answer)
    assert.deepEqual(mappedAddress(answer, ID), { host: SENDER.address, port: SENDER.port })
  })

  it('is what RFC 5769 says, 2.2', () => {
    // Attributes besides the address (software, integrity, fingerprint) are passed over.
    const answer = Buffer.from('0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96', 'hex')
    assert.deepEqual(mappedAddress(answer, Buffer.from('b7e7a701bc34d686fa87dfae', 'hex')), { host: '192.0.2.1', port: 32_853 })
  })

  it('believes only the answer to its own question', () => {
    const answer = answerTo(requestWith(new Uint8Array(12).fill(6)), SENDER)
    assert.ok(answer)
    assert.equal(mappedAddress(answer, ID), undefined)
  })

  it('answers nothing but a binding request that is as long as it says', () => {
    const request = requestWith(ID)
    assert.equal(answerTo(request.subarray(0, 19), SENDER), undefined)
    assert.equal(answerTo(Uint8Array.of(...request, 0), SENDER), undefined)
    for (const place of [0, 1, 4, 7]) {
      const other = Uint8Array.from(request)
      other[place] = (other[place] ?? 0) ^ 0x10
      assert.equal(answerTo(other, SENDER), undefined)
    }
    // An answer sent to a server gets no answer: no two of them talk for ever.
    assert.equal(answerTo(answerTo(request, SENDER) ?? request, SENDER), undefined)
  })

  it('stands any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
      answerTo(bytes, SENDER)
      mappedAddress(bytes, ID)
      mappedAddress(Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0, ...ID, ...bytes), ID)
    }))
  })

  it('asks two servers with one socket, and goes without the one that is silent', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1')
    await once(silent, 'listening')
    atEnd(() => { silent.close() })
    const server = await serveStun({ host: '127.0.0.1', port: 0 })
    atEnd(() => { server.close() })
    const [seen, nothing] = await askStun([server, silent].map(socket => ({ host: '127.0.0.1', port: socket.address().port })), { clock: realClock, transactionIds: [realRandom.bytes(12), realRandom.bytes(12)] })
    assert.equal(seen?.host, '127.0.0.1')
    assert.equal(nothing, undefined)
  })

  it('says that a port is taken', async () => {
    const first = await serveStun({ host: '127.0.0.1', port: 0 })
    atEnd(() => { first.close() })
    await assert.rejects(serveStun({ host: '127.0.0.1', port: first.address().port }), /EADDRINUSE/)
  })
})
