/**
 * vault.json: the slots that each hold the database key, wrapped in another way. Read as if a stranger had written it: sizes and
 * costs have limits, and whatever is not exactly right is named.
 */
import { readFileSync, statSync } from 'node:fs'
import { StorageError } from '../protocols/core/errors.ts'
import { writeDurably } from './files.ts'
import { codeOf, fileFault } from './faults.ts'

export const SALT_BYTES = 16
/** AES-256-GCM: a 96-bit nonce, and a 128-bit tag behind the wrapped key. */
export const NONCE_BYTES = 12
export const BOX_BYTES = 32 + 16

interface Wrapped { readonly salt: Uint8Array, readonly nonce: Uint8Array, readonly box: Uint8Array }

export interface Argon2Cost { readonly memoryKib: number, readonly passes: number, readonly parallelism: number }

export type Slot =
  | { readonly type: 'password' } & Argon2Cost & Wrapped
  /** `file`: relative to the home when it lies in it. */
  | { readonly type: 'keyfile', readonly file: string } & Wrapped
  | { readonly type: 'keychain', readonly service: string, readonly account: string } & Wrapped
  | { readonly type: 'recovery' } & Wrapped

const FORMAT = 'skein.vault/1'

const FILE_BYTES_MAX = 64 * 1024
const SLOTS_MAX = 16
const TEXT_CHARACTERS_MAX = 4096

/** A hostile file could otherwise ask for all memory, or for a day of work. The least that Argon2 takes is 8 KiB a lane. */
const MEMORY_KIB_MAX = 256 * 1024
const PASSES_MAX = 10
const PARALLELISM_MAX = 16
const MEMORY_KIB_PER_LANE_MIN = 8

/** @throws StorageError when the file is missing, unreadable or malformed */
export function readVault (path: string): Slot[] {
  return parseSlots(parseJson(readText(path)))
}

/** @throws StorageError when the file cannot be written; an older one is then still there */
export function writeVault (path: string, slots: readonly Slot[]): void {
  const content = JSON.stringify({ format: FORMAT, slots: slots.map(toJson) }, undefined, 2)
  writeDurably(path, `${content}\n`, 'vault.json cannot be written')
}

function toJson (slot: Slot): Record<string, unknown> {
  const { salt, nonce, box, ...rest } = slot
  return { ...rest, salt: base64(salt), nonce: base64(nonce), box: base64(box) }
}

function base64 (bytes: Uint8Array): string { return Buffer.from(bytes).toString('base64') }

function readText (path: string): string {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) throw malformed('it is too large')
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if (thrown instanceof StorageError) throw thrown
    if (codeOf(thrown) !== 'ENOENT') throw fileFault(thrown, 'vault.json cannot be read')
    throw new StorageError('there is no vault.json in this home folder', 'Nothing was changed. Check the path of the home folder, or make an account with `skein init`.')
  }
}

function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('it is not JSON')
  }
}

function parseSlots (value: unknown): Slot[] {
  const vault = recordOf(value, 'it is not an object')
  if (vault['format'] !== FORMAT) throw malformed(`its format is not ${FORMAT}`)
  const { slots } = vault
  if (!Array.isArray(slots) || slots.length === 0 || slots.length > SLOTS_MAX) throw malformed(`it must have 1 to ${SLOTS_MAX} slots`)
  return slots.map(parseSlot)
}

function parseSlot (value: unknown): Slot {
  const slot = recordOf(value, 'a slot is not an object')
  const wrapped = { salt: bytesOf(slot, 'salt', SALT_BYTES), nonce: bytesOf(slot, 'nonce', NONCE_BYTES), box: bytesOf(slot, 'box', BOX_BYTES) }
  switch (slot['type']) {
    case 'password':
      return { type: 'password', ...costOf(slot), ...wrapped }
    case 'keyfile':
      return { type: 'keyfile', file: textOf(slot, 'file'), ...wrapped }
    case 'keychain':
      return { type: 'keychain', service: textOf(slot, 'service'), account: textOf(slot, 'account'), ...wrapped }
    case 'recovery':
      return { type: 'recovery', ...wrapped }
    default:
      throw malformed('a slot is of an unknown type')
  }
}

function costOf (slot: Record<string, unknown>): Argon2Cost {
  const parallelism = countOf(slot, 'parallelism', { min: 1, max: PARALLELISM_MAX })
  return {
    memoryKib: countOf(slot, 'memoryKib', { min: MEMORY_KIB_PER_LANE_MIN * parallelism, max: MEMORY_KIB_MAX }),
    passes: countOf(slot, 'passes', { min: 1, max: PASSES_MAX }),
    parallelism
  }
}

function countOf (slot: Record<string, unknown>, field: string, { min, max }: { readonly min: number, readonly max: number }): number {
  const value = slot[field]
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) throw malformed(`${field} must be ${min} to ${max}`)
  return value
}

function textOf (slot: Record<string, unknown>, field: string): string {
  const value = slot[field]
  if (typeof value !== 'string' || value === '' || value.length > TEXT_CHARACTERS_MAX || value.includes('\0')) throw malformed(`${field} must be a text`)
  return value
}

function bytesOf (slot: Record<string, unknown>, field: string, length: number): Uint8Array {
  const value = slot[field]
  const bytes = typeof value === 'string' && value.length <= length * 2 ? Uint8Array.from(Buffer.from(value, 'base64')) : undefined
  if (bytes?.byteLength !== length) throw malformed(`${field} must be ${length} bytes of base64`)
  return bytes
}

function recordOf (value: unknown, rule: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(rule)
  return value as Record<string, unknown>
}

function malformed (rule: string): StorageError {
  return new StorageError(`vault.json is malformed: ${rule}`, 'Nothing was changed, and the messages are not affected. Put back vault.json from a copy of the home folder, or restore a backup.')
}
