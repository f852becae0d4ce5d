import type { FuzzTarget } from './targets.ts'
import { nameOfDhtKey, validateRecord } from '../../protocols/directory/record.ts'
import { decodeDirectoryAnswer, decodeDirectoryRequest, decodeRecordContent } from '../../protocols/directory/wire.ts'
import { validBytes } from '../protocols/core/vectors.ts'

/** When the records of the vectors are good. */
export const RECORDS_AT_MS = 1_795_000_000_000

export const directoryTargets: readonly FuzzTarget[] = [
  { name: 'directory/Record', decode: bytes => validateRecord(bytes, { nowMs: RECORDS_AT_MS }), seeds: validBytes('directory', 'Record') },
  { name: 'directory/RecordContent', decode: decodeRecordContent, seeds: validBytes('directory', 'RecordContent') },
  { name: 'directory/DirectoryRequest', decode: decodeDirectoryRequest, seeds: validBytes('directory', 'DirectoryRequest') },
  { name: 'directory/DirectoryAnswer', decode: decodeDirectoryAnswer, seeds: validBytes('directory', 'DirectoryAnswer') },
  { name: 'directory/DHT key', decode: nameOfDhtKey, seeds: validBytes('directory', 'DHT key') }
]
