import assert from 'node:assert/strict'
import fc from 'fast-check'
import { create, toBinary } from '@bufbuild/protobuf'
import { AccountAnswerSchema, StatementSchema } from '../../../protocols/account/account_pb.ts'
import {
  decodeAccountAnswer, decodeAccountLookup, decodeSignedStatement, decodeStatement, encodeAccountAnswer, encodeAccountLookup, encodeSignedStatement,
  encodeStatement, statementRefMessage, statementRefOf, type AccountAnswer, type AccountRefusal, type ListedDevice, type SignedStatement, type Statement
} from '../../../protocols/account/wire.ts'
import { idKey } from '../../../protocols/core/ids.ts'
import { DEVICES_MAX, STATEMENT_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { accountIds, bytesOf, bytesUpTo, counts, deviceIds, instants, peerIdTexts, uint32s } from '../core/arbitraries.ts'
import { assertMalformed, describeCodec } from '../core/codec.ts'
import { ana, anasFirst, deviceOf } from './people.ts'

const devices: fc.Arbitrary<readonly ListedDevice[]> = fc.uniqueArray(fc.record({
  deviceId: deviceIds,
  identityKey: bytesOf(33),
  peerId: peerIdTexts,
  addedAtMs: instants,
  consent: bytesOf(64),
  registrationId: fc.integer({ min: 1, max: 0x3fff })
}), { minLength: 1, maxLength: 5, comparator: (left, right) => idKey(left.deviceId) === idKey(right.deviceId) || left.peerId === right.peerId })

const statements: fc.Arbitrary<Statement> = fc.record({
  accountId: accountIds,
  inception: fc.record({ signingKey: bytesOf(32), recoveryKey: bytesOf(32), nonce: bytesOf(16) }),
  epoch: fc.oneof(fc.constant(0), uint32s),
  seq: fc.oneof(fc.constant(1), counts),
  hash: bytesOf(32),
  devices,
  relays: fc.uniqueArray(fc.record({ peerId: peerIdTexts, addresses: fc.array(fc.webPath({ size: 'small' }).map(path => `/dns4/relay.example.org${path}`), { maxLength: 4 }) }), { maxLength: 5, selector: ({ peerId }) => peerId }),
  protocolMin: uint32s,
  issuedAtMs: instants,
  rotation: fc.record({ signingKey: bytesOf(32), signature: bytesOf(64) })
}).map(({ hash, rotation, ...statement }) => ({
  ...statement,
  previousHash: statement.seq === 1 ? undefined : hash,
  expiresAtMs: statement.issuedAtMs + 1000,
  rotation: statement.epoch === 0 ? undefined : { accountId: statement.accountId, epoch: statement.epoch, ...rotation }
}))

const signedStatements: fc.Arbitrary<SignedStatement> = fc.record({ payload: bytesUpTo(200), signature: bytesOf(64) })

const answers: fc.Arbitrary<AccountAnswer<AccountRefusal>> = fc.oneof(
  signedStatements.map(statement => ({ type: 'statement', statement }) as const),
  fc.constantFrom<AccountRefusal>('unknownAccount', 'version', 'busy').map(reason => ({ type: 'refusal', reason }) as const)
)

describeCodec('Statement', { values: statements, encode: encodeStatement, decode: decodeStatement })
describeCodec('SignedStatement', { values: signedStatements, encode: encodeSignedStatement, decode: decodeSignedStatement })
describeCodec('AccountLookup', {
  values: fc.record({ version: uint32s, accountId: accountIds }), encode: encodeAccountLookup, decode: decodeAccountLookup
})
describeCodec<AccountAnswer>('AccountAnswer', {
  values: answers,
  encode: answer => encodeAccountAnswer(answer as AccountAnswer<AccountRefusal>),
  decode: decodeAccountAnswer
})

describe('a statement in form', () => {
  function refused (change: Partial<Statement>, rule: RegExp): void {
    assertMalformed(() => decodeStatement(encodeStatement({ ...anasFirst(), ...change })), rule)
  }

  it('lists one device at least and DEVICES_MAX at most, each device and peer once', () => {
    const [device] = anasFirst().devices
    assert.ok(device !== undefined)
    refused({ devices: [] }, /1 to 16 devices/)
    refused({ devices: Array.from({ length: DEVICES_MAX + 1 }, (_, number) => deviceOf(ana, number + 1)) }, /1 to 16 devices/)
    refused({ devices: [device, { ...device, peerId: 'other' }] }, /a device twice/)
    refused({ devices: [device, { ...deviceOf(ana, 11), peerId: device.peerId }] }, /a peer twice/)
  })

  it('fits its limit of bytes with as many devices as an account may have', () => {
    const full = encodeStatement(anasFirst(Array.from({ length: DEVICES_MAX }, (_, number) => deviceOf(ana, number + 1))))
    assert.ok(full.byteLength < STATEMENT_BYTES_MAX / 4, String(full.byteLength))
    assert.equal(decodeStatement(full).devices.length, DEVICES_MAX)
  })

  it('counts from 1 in every epoch, and names the one before in all but the first', () => {
    refused({ seq: 0 }, /at least 1/)
    refused({ seq: 2 }, /previous hash/)
    refused({ previousHash: new Uint8Array(32) }, /previous hash/)
    refused({ seq: 2, previousHash: new Uint8Array(31) }, /32 bytes/)
  })

  it('has a rotation exactly when its epoch is above 0, and its own', () => {
    const rotation = { accountId: ana, epoch: 1, signingKey: new Uint8Array(32), signature: new Uint8Array(64) }
    refused({ rotation }, /rotation/)
    refused({ epoch: 1 }, /rotation/)
    refused({ epoch: 2, rotation }, /of the statement's epoch/)
  })

  it('expires after it was issued, at a time that a calendar has', () => {
    const { issuedAtMs } = anasFirst()
    refused({ expiresAtMs: issuedAtMs }, /after the statement's time/)
    const beyond = create(StatementSchema, { ...messageOf(anasFirst()), expiresAtMs: 1n << 60n })
    assertMalformed(() => decodeStatement(toBinary(StatementSchema, beyond)), /time in milliseconds/)
  })

  it('names peers in letters and digits', () => {
    refused({ devices: [{ ...deviceOf(ana, 10), peerId: '/ip4/1.2.3.4' }] }, /peer id/)
    refused({ devices: [{ ...deviceOf(ana, 10), peerId: '' }] }, /peer id/)
  })

  function messageOf (statement: Statement): { readonly accountId: Uint8Array, readonly inception: Statement['inception'], readonly seq: bigint, readonly issuedAtMs: bigint } {
    return { accountId: statement.accountId, inception: statement.inception, seq: 1n, issuedAtMs: BigInt(statement.issuedAtMs) }
  }
})

describe('an answer to an account lookup', () => {
  it('reads a reason of a newer version as "other"', () => {
    const bytes = toBinary(AccountAnswerSchema, create(AccountAnswerSchema, { answer: { case: 'refusal', value: 99 as never } }))
    assert.deepEqual(decodeAccountAnswer(bytes), { type: 'refusal', reason: 'other' })
  })

  it('that holds nothing we know is malformed', () => {
    assertMalformed(() => decodeAccountAnswer(new Uint8Array(0)), /a statement or a refusal/)
  })
})

describe('a statement reference', () => {
  it('reads back inside the message that carries it', () => {
    const ref = { epoch: 3, seq: 9, hash: new Uint8Array(32).fill(4) }
    const message = statementRefMessage(ref)
    assert.deepEqual(statementRefOf({ epoch: 3, seq: 9n, hash: new Uint8Array(32).fill(4) }), ref)
    assert.equal(message.seq, 9n)
  })
})
