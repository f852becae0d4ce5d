/**
 * Contacts know our name and where we are: whoever was last told something else is told again. Whoever has not answered our
 * request yet gets it once more: their answer must find us. Level-triggered, so a crash forgets nobody.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { fromString } from 'uint8arrays'
import type { Reader } from '../../store/reader.ts'
import type { Contact } from '../../store/types.ts'
import { queueRequest, type IntroductionParts } from '../contacts/introductions.ts'
import type { OwnAccount } from '../own-account.ts'
import type { Turn } from '../turn/turn.ts'

/** Contacts told in one transaction. */
const CONTACTS_MAX = 64
const LIFETIME_MS = 7 * 24 * 3_600_000

export interface ProfileParts {
  readonly reader: Reader
  readonly turn: Turn
  readonly account: OwnAccount
}

/** Queues our profile for every accepted contact that has not been told this one. */
export async function tellProfile ({ reader, turn, account }: ProfileParts): Promise<void> {
  const fingerprints = { accepted: profileFingerprint(account), requested: profileFingerprint(account, account.relays.length > 0) }
  const untold = reader.contacts.list().flatMap(contact => {
    const { standing, toldProfile } = contact
    if (standing !== 'accepted' && standing !== 'requested') return []
    const fingerprint = fingerprints[standing]
    return toldProfile === fingerprint ? [] : [{ contact, fingerprint }]
  })
  for (let start = 0; start < untold.length; start += CONTACTS_MAX) {
    await turn.write((writer, round) => {
      for (const { contact, fingerprint } of untold.slice(start, start + CONTACTS_MAX)) {
        writer.contacts.update(contact.contact, { toldProfile: fingerprint })
        if (contact.standing === 'requested') queueRequest(contact, { writer, round })
        else queueProfile(contact, { writer, round })
      }
    })
  }
}

/** One that is still to be made says what holds then; one that is sealed and not there yet says what held before. */
function queueProfile ({ contact, accountId }: Contact, { writer, round }: IntroductionParts): void {
  for (const { deviceId, isListed } of writer.read.devices.ofContact(contact)) {
    if (!isListed) continue
    const open = writer.read.outbox.ofDevice(deviceId).filter(({ refs }) => refs.every(({ kind }) => kind === 'profile'))
    if (open.some(({ state }) => state === 'waiting')) continue
    for (const { row } of open) writer.outbox.settle(row, 'cancelled', round.nowMs)
    writer.outbox.waiting({ deviceId, contact, refs: [{ kind: 'profile', id: accountId.subarray(0, 16) }], queuedAtMs: round.nowMs, expiresAtMs: round.nowMs + LIFETIME_MS })
    round.seal(deviceId)
  }
}

/**
 * A number for name, addresses and relays; 0 means never told. Where we are at this moment is no reason to ask somebody again whose
 * answer finds us through our relays: that changes with every start, and at a gate each request takes a place and costs work.
 */
export function profileFingerprint ({ profile, relays }: Pick<OwnAccount, 'profile' | 'relays'>, areRelaysEnough = false): number {
  const { name, versionMs, addresses, record } = profile
  const digest = sha256(fromString(JSON.stringify([name, versionMs, areRelaysEnough ? [] : addresses, relays, record !== undefined])))
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0) + 1
}
