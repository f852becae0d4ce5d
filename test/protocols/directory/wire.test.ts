import fc from 'fast-check'
import {
  decodeDirectoryAnswer, decodeDirectoryRequest, decodeRecordContent, encodeDirectoryAnswer, encodeDirectoryRequest, encodeRecordContent,
  type DirectoryAnswer, type DirectoryRefusal, type DirectoryRequest
} from '../../../protocols/directory/wire.ts'
import { decodeRecord, encodeRecord } from '../../../protocols/directory/record.ts'
import { accountIds, bytesOf, bytesUpTo, counts, instants, peerIdTexts, uint32s } from '../core/arbitraries.ts'
import { describeCodec } from '../core/codec.ts'

const entries = fc.record({ record: bytesUpTo(200), sealedStatement: bytesUpTo(300) })

describeCodec('RecordContent', {
  values: fc.record({
    accountId: accountIds,
    relays: fc.uniqueArray(fc.record({ peerId: peerIdTexts, addresses: fc.constant(['/ip4/11.0.0.1/tcp/4001']) }), { maxLength: 4, selector: ({ peerId }) => peerId }),
    statement: fc.record({ epoch: uint32s, seq: counts, hash: bytesOf(32) })
  }),
  encode: encodeRecordContent,
  decode: decodeRecordContent
})
describeCodec<DirectoryRequest>('DirectoryRequest', {
  values: fc.oneof(
    fc.record({ type: fc.constant('get' as const), version: uint32s, name: bytesOf(32) }),
    fc.record({ type: fc.constant('put' as const), version: uint32s, entry: entries })
  ),
  encode: encodeDirectoryRequest,
  decode: decodeDirectoryRequest
})
describeCodec<DirectoryAnswer>('DirectoryAnswer', {
  values: fc.oneof(
    fc.record({ type: fc.constant('entry' as const), entry: entries }),
    fc.record({ type: fc.constant('stored' as const), seq: counts }),
    fc.record({ type: fc.constant('refusal' as const), reason: fc.constantFrom<DirectoryRefusal>('version', 'unknown', 'noMailbox', 'older', 'malformed', 'rate', 'capacity') })
  ),
  encode: answer => encodeDirectoryAnswer(answer as DirectoryAnswer<DirectoryRefusal>),
  decode: decodeDirectoryAnswer
})
describeCodec('Record', {
  values: fc.record({
    version: fc.constant(1), recordKey: bytesOf(32), seq: counts, notAfterMs: instants, ciphertext: bytesUpTo(300), statementHash: bytesOf(32), signature: bytesOf(64)
  }),
  encode: encodeRecord,
  decode: decodeRecord
})
