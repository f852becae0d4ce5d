/** Which testnet a command means. */
import { resolve } from 'node:path'
import type { Flags } from '../../cli/flags.ts'
import { DEFAULT_DIRECTORY } from '../layout.ts'

export function directoryOf (flags: Flags): string {
  const given = flags.text('dir')
  return given === undefined ? defaultDirectory() : resolve(given)
}

export function defaultDirectory (): string { return resolve(process.env['SKEIN_TESTNET_DIR'] ?? DEFAULT_DIRECTORY) }
