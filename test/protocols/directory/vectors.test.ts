import { decodeRecord, dhtKey, encodeRecord, nameOfDhtKey, validateRecord } from '../../../protocols/directory/record.ts'
import {
  decodeDirectoryAnswer, decodeDirectoryRequest, decodeRecordContent, encodeDirectoryAnswer, encodeDirectoryRequest, encodeRecordContent,
  type DirectoryAnswer, type DirectoryRefusal
} from '../../../protocols/directory/wire.ts'
import { RECORDS_AT_MS } from '../../fuzz/directory.fuzz.ts'
import { describeVectors } from '../core/vectors.ts'

describeVectors('directory', {
  Record: { decode: bytes => validateRecord(bytes, { nowMs: RECORDS_AT_MS }), recode: bytes => encodeRecord(decodeRecord(bytes)) },
  RecordContent: { decode: decodeRecordContent, recode: bytes => encodeRecordContent(decodeRecordContent(bytes)) },
  DirectoryRequest: { decode: decodeDirectoryRequest, recode: bytes => encodeDirectoryRequest(decodeDirectoryRequest(bytes)) },
  DirectoryAnswer: { decode: decodeDirectoryAnswer, recode: bytes => encodeDirectoryAnswer(decodeDirectoryAnswer(bytes) as DirectoryAnswer<DirectoryRefusal>) },
  'DHT key': { decode: nameOfDhtKey, recode: bytes => dhtKey(nameOfDhtKey(bytes)) }
})
