/** The devices of our contacts, as their accepted lists name them. */
import { UntrustedError } from '../../protocols/core/errors.ts'
import type { DeviceId } from '../../protocols/core/ids.ts'
import type { Database, Statement } from '../database.ts'
import type { Device } from '../types.ts'
import { bytes, deviceIdOf, flag } from './columns.ts'

interface DeviceRow {
  readonly device_id: Uint8Array
  readonly contact: number
  readonly identity_key: Uint8Array
  readonly registration_id: number
  readonly peer_id: string
  readonly addresses: string
  readonly is_listed: number
}

export class DeviceReader {
  readonly #byId: Statement<[DeviceId], DeviceRow>
  readonly #byPeer: Statement<[string], DeviceRow>
  readonly #ofContact: Statement<[number], DeviceRow>

  constructor (database: Database) {
    this.#byId = database.prepare('SELECT * FROM devices WHERE device_id = ?')
    this.#byPeer = database.prepare('SELECT * FROM devices WHERE peer_id = ?')
    this.#ofContact = database.prepare('SELECT * FROM devices WHERE contact = ? ORDER BY device_id')
  }

  byId (device: DeviceId): Device | undefined { return deviceOrNothing(this.#byId.get(device)) }

  byPeer (peerId: string): Device | undefined { return deviceOrNothing(this.#byPeer.get(peerId)) }

  /** Also those that are no longer listed. */
  ofContact (contact: number): Device[] { return this.#ofContact.all(contact).map(deviceOf) }
}

export class DeviceWriter {
  readonly #reader: DeviceReader
  readonly #put: Statement<[DeviceId, number, Uint8Array, number, string, string, number], never>
  readonly #remove: Statement<[DeviceId], never>
  readonly #setAddresses: Statement<[string, DeviceId], never>
  readonly #unlist: Statement<[DeviceId], never>

  constructor (database: Database, reader: DeviceReader) {
    this.#reader = reader
    this.#put = database.prepare(`INSERT INTO devices (device_id, contact, identity_key, registration_id, peer_id, addresses, is_listed)
      VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device_id) DO UPDATE SET contact = excluded.contact, identity_key = excluded.identity_key,
      registration_id = excluded.registration_id, peer_id = excluded.peer_id, addresses = excluded.addresses, is_listed = excluded.is_listed`)
    this.#remove = database.prepare('DELETE FROM devices WHERE device_id = ?')
    this.#setAddresses = database.prepare('UPDATE devices SET addresses = ? WHERE device_id = ?')
    this.#unlist = database.prepare('UPDATE devices SET is_listed = 0 WHERE device_id = ?')
  }

  /**
   * Inserts or replaces. A contact's newer device may go on with the network key of its older one, which is then forgotten.
   * @throws UntrustedError when the device or its network key is another contact's: a list could otherwise take them over
   */
  put (device: Device): void {
    const same = this.#reader.byId(device.deviceId)
    const peer = this.#reader.byPeer(device.peerId)
    for (const other of [same, peer]) {
      if (other !== undefined && other.contact !== device.contact) throw new UntrustedError('a device list names a device of another contact', 'Nothing was changed. Compare safety numbers with both contacts.')
    }
    if (peer !== undefined && same?.peerId !== device.peerId) this.#remove.run(peer.deviceId)
    this.#put.run(device.deviceId, device.contact, device.identityKey, device.registrationId, device.peerId, JSON.stringify(device.addresses), flag(device.isListed))
  }

  /** Best first. */
  setAddresses (device: DeviceId, addresses: readonly string[]): void { this.#setAddresses.run(JSON.stringify(addresses), device) }

  /** It is not in the newest accepted list: revoked. */
  unlist (device: DeviceId): void { this.#unlist.run(device) }
}

function deviceOrNothing (row: DeviceRow | undefined): Device | undefined { return row === undefined ? undefined : deviceOf(row) }

function deviceOf (row: DeviceRow): Device {
  return {
    deviceId: deviceIdOf(row.device_id),
    contact: row.contact,
    identityKey: bytes(row.identity_key),
    registrationId: row.registration_id,
    peerId: row.peer_id,
    addresses: JSON.parse(row.addresses) as string[],
    isListed: row.is_listed === 1
  }
}
