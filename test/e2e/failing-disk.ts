/**
 * Loaded before a process (`--import`): its disk confirms nothing any more from the moment that the file which SKEIN_TEST_DISK_FAILS names is
 * there. As after a lost cable: what was written stays readable in the kernel's memory, and only the flush fails.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { fdatasync, fdatasyncSync, existsSync } = fs
const sign = process.env['SKEIN_TEST_DISK_FAILS'] ?? ''

function fault (): NodeJS.ErrnoException { return Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }) }

fs.fdatasync = ((descriptor: number, done: (error: NodeJS.ErrnoException | null) => void) => {
  if (existsSync(sign)) process.nextTick(() => { done(fault()) })
  else fdatasync(descriptor, done)
}) as typeof fs.fdatasync
fs.fdatasyncSync = descriptor => {
  if (existsSync(sign)) throw fault()
  fdatasyncSync(descriptor)
}
syncBuiltinESMExports()
