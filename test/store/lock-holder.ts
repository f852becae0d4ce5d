/** The process that lock.test.ts has hold a home folder: takes the lock, says so, and keeps it until it is killed. */
import { writeSync } from 'node:fs'
import { lockHome } from '../../store/lock.ts'

const [home = ''] = process.argv.slice(2)
lockHome(home)
// A holder need not keep what it was given: neither the collector nor the finalizers that run after it may let go of the lock.
globalThis.gc?.()
setImmediate(() => { setImmediate(() => { writeSync(1, 'held\n') }) })
process.stdin.resume()
