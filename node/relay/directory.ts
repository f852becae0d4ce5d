/**
 * The directory: signed records and the device lists that go with them, kept for the owners of mailboxes and shown to whoever knows a
 * record's name. A newer record is never replaced by an older one. Law: docs/protocols/directory.md.
 */
import { equals } from 'uint8arrays'
import { MalformedError } from '../../protocols/core/errors.ts'
import {
  decodeDirectoryRequest, DIRECTORY_VERSION, encodeDirectoryAnswer, type DirectoryAnswer, type DirectoryRefusal, type Entry
} from '../../protocols/directory/wire.ts'
import { recordName, selectRecord, validateRecord, type Record } from '../../protocols/directory/record.ts'
import type { RelayReader } from '../../store/relay/types.ts'
import { sha256 } from '../crypto/mac.ts'
import type { Clock, Network } from '../ports.ts'
import { DIRECTORY_PROTOCOL } from '../protocols.ts'
import type { Rates } from '../rates.ts'
import type { Scribe } from './scribe.ts'
import type { Tally } from './tally.ts'

export interface DirectoryParts {
  readonly network: Network
  readonly reader: RelayReader
  readonly scribe: Scribe
  readonly clock: Clock
  readonly tally: Tally
  readonly rates: Rates
  /** A record is new or newer: it can be published elsewhere, too. */
  readonly onRecord: (name: Uint8Array, record: Uint8Array) => void
}

type Answer = DirectoryAnswer<DirectoryRefusal>

export function serveDirectory (parts: DirectoryParts): void {
  parts.network.serveRequest(DIRECTORY_PROTOCOL, async (bytes, peerId) => {
    const request = decodeDirectoryRequest(bytes)
    if (request.version !== DIRECTORY_VERSION) return encodeDirectoryAnswer({ type: 'refusal', reason: 'version' })
    if (parts.rates.draw(peerId) > 0) return encodeDirectoryAnswer({ type: 'refusal', reason: 'rate' })
    return encodeDirectoryAnswer(request.type === 'get' ? get(request.name, parts) : await put(request.entry, peerId, parts))
  })
}

function get (name: Uint8Array, { reader, clock, tally }: DirectoryParts): Answer {
  const stored = reader.record(name)
  if (stored === undefined || stored.expiresAtMs <= clock.now()) return { type: 'refusal', reason: 'unknown' }
  tally.traffic.recordsGot += 1
  return { type: 'entry', entry: { record: stored.record, sealedStatement: stored.sealedStatement } }
}

async function put (entry: Entry, peerId: string, { reader, scribe, clock, tally, onRecord }: DirectoryParts): Promise<Answer> {
  const mailbox = reader.mailboxOf(peerId)
  if (mailbox === undefined || mailbox.isBlocked) return { type: 'refusal', reason: 'noMailbox' }
  const record = validated(entry, clock.now())
  if (record === undefined) return { type: 'refusal', reason: 'malformed' }
  const name = recordName(record.recordKey)
  const outcome = await scribe.write(writer => {
    const before = writer.read.record(name)
    if (before !== undefined && before.expiresAtMs > clock.now() && !isBetter(entry.record, before.record)) return 'older'
    return writer.putRecord(name, { ...entry, seq: record.seq, expiresAtMs: record.notAfterMs }, mailbox.mailbox)
  })
  if (outcome !== 'stored') return { type: 'refusal', reason: outcome }
  tally.traffic.recordsPut += 1
  onRecord(name, entry.record)
  return { type: 'stored', seq: record.seq }
}

function validated ({ record: bytes, sealedStatement }: Entry, nowMs: number): Record | undefined {
  try {
    const record = validateRecord(bytes, { nowMs })
    return equals(record.statementHash, sha256(sealedStatement)) ? record : undefined
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** The same record again is as good as a better one: its owner did not hear the answer. */
function isBetter (offered: Uint8Array, kept: Uint8Array): boolean {
  return selectRecord(offered, kept) === offered || equals(offered, kept)
}
