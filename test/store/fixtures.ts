/** What store tests are made of: stores, ids by number, and rows of which a test names only what it is about. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AccountId, ContentId, DeviceId, EnvelopeId } from '../../protocols/core/ids.ts'
import { openAccountStore, type AccountStore } from '../../store/account-store.ts'
import { MESSAGE_KIND, type Contact, type Device, type NewMessage, type Own } from '../../store/types.ts'

export const KEY = new Uint8Array(32).fill(7)

export function openMemory (): AccountStore { return openAccountStore({ path: ':memory:', isNew: true }) }

/** Makes an empty folder for the suite it is called in. */
export function temporaryFolder (): (name?: string) => string {
  let folder = ''
  before(() => { folder = mkdtempSync(join(tmpdir(), 'skein-store-')) })
  after(() => { rmSync(folder, { recursive: true, force: true }) })
  return (name = '.') => join(folder, name)
}

/** Ids of the same number are equal, and sort by it. */
function numbered (length: number, number: number): Uint8Array {
  const bytes = new Uint8Array(length)
  new DataView(bytes.buffer).setUint32(length - 4, number)
  return bytes
}

export function account (number: number): AccountId { return numbered(32, number) as AccountId }
export function device (number: number): DeviceId { return numbered(16, number) as DeviceId }
export function content (number: number): ContentId { return numbered(16, number) as ContentId }
export function envelope (number: number): EnvelopeId { return numbered(16, number) as EnvelopeId }

export function aContact (change: Partial<Omit<Contact, 'contact'>> = {}): Omit<Contact, 'contact'> {
  return {
    accountId: account(1),
    alias: undefined,
    name: undefined,
    profileVersion: 0,
    standing: 'accepted',
    statement: undefined,
    epoch: 0,
    seq: 0,
    statementHash: undefined,
    isKeyChanged: false,
    verifiedEpoch: undefined,
    inviteToken: undefined,
    toldProfile: 0,
    createdAtMs: 1,
    aliasSecret: undefined,
    theirAliasSecret: undefined,
    recordKey: undefined,
    readKey: undefined,
    ...change
  }
}

export function aDevice (change: Partial<Device> = {}): Device {
  return { deviceId: device(1), contact: 1, identityKey: Uint8Array.of(5), registrationId: 9, peerId: 'peer-1', addresses: [], isListed: true, ...change }
}

export function aMessage (number: number, change: Partial<NewMessage> = {}): NewMessage {
  return {
    id: content(number),
    contact: 1,
    isOwn: true,
    counter: number,
    hlcUs: number,
    positionUs: number,
    parents: [],
    missing: 0,
    sentAtMs: number,
    receivedAtMs: number,
    kind: MESSAGE_KIND.text,
    text: `text ${number}`,
    replyTo: undefined,
    state: 'queued',
    ...change
  }
}

export function anOwn (change: Partial<Own> = {}): Own {
  return {
    accountId: account(100),
    deviceId: device(100),
    name: 'Ana',
    nameChangedAtMs: 1,
    statement: Uint8Array.of(1),
    signingKey: new Uint8Array(32).fill(2),
    identityKey: Uint8Array.of(3),
    registrationId: 4,
    networkKey: Uint8Array.of(5),
    acceptPolicy: 'ask',
    trustPolicy: 'first-use',
    sendsReadReceipts: true,
    createdAtMs: 6,
    ...change
  }
}

/** A new contact's number. */
export function addContact (store: AccountStore, number: number, change: Partial<Omit<Contact, 'contact'>> = {}): number {
  return store.transact(writer => writer.contacts.create(aContact({ accountId: account(number), ...change })))
}

/** Messages that killed-writer.ts writes in one transaction. */
export const BATCH_MESSAGES = 40
