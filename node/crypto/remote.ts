/**
 * One other device, as the ratchet sees it. Its session is held twice, as the database has it and as the unit of work has
 * left it: that pair is the whole overlay (docs/protocols/session.md, "Unit of work"). libsignal never changes a record in
 * place but hands over a new one, so going back is an assignment.
 */
import { SessionRecord } from '@signalapp/libsignal-client'
import type { ProtocolAddress } from '@signalapp/libsignal-client'
import { equals } from 'uint8arrays'
import { deviceId } from '../../protocols/core/ids.ts'
import type { DeviceId } from '../../protocols/core/ids.ts'
import { addressOf } from './boundary.ts'
import type { Local } from './local.ts'
import { RemoteIdentityStore, RemoteSessionStore } from './stores.ts'

/** The identity key to accept from a device; undefined: none is. */
export interface Trust { readonly identityKey: Uint8Array | undefined }

export class Remote {
  readonly device: DeviceId
  readonly address: ProtocolAddress
  readonly sessionStore: RemoteSessionStore
  readonly identityStore: RemoteIdentityStore
  /** As the unit of work has left it; undefined: there is none. */
  session: SessionRecord | undefined
  /** Undefined until the unit of work asks for it. */
  trust: Trust | undefined
  #settledSession: SessionRecord | undefined

  constructor (local: Local, device: DeviceId, session: SessionRecord | undefined) {
    // A copy: ids are views into the frames they came in, which must not live as long as this.
    this.device = deviceId(device.slice())
    this.address = addressOf(device)
    this.session = session
    this.#settledSession = session
    this.sessionStore = new RemoteSessionStore(this)
    this.identityStore = new RemoteIdentityStore(local, this)
  }

  get isChanged (): boolean { return this.session !== this.#settledSession }

  isTrusted (identityKey: Uint8Array): boolean {
    const trusted = this.trust?.identityKey
    return trusted !== undefined && equals(identityKey, trusted)
  }

  /** Keeps what decrypts late messages, but ends the state that encrypts. On a copy: libsignal does this one in place. */
  archive (): void {
    if (this.session === undefined) return
    const archived = SessionRecord.deserialize(this.session.serialize())
    archived.archiveCurrentState()
    this.session = archived
  }

  /** The unit of work is committed. */
  settle (): void {
    this.#settledSession = this.session
    this.trust = undefined
  }

  /** The unit of work never was. */
  discard (): void {
    this.session = this.#settledSession
    this.trust = undefined
  }
}
