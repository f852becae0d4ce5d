/** The state of a whole testnet, kept under a name and brought back: all homes at once, so that nobody remembers what others have forgotten. */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { NotFoundError, UsageError } from '../protocols/core/errors.ts'
import { FILLING, type Layout } from './layout.ts'

const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/

export function snapshotNames ({ snapshots }: Layout): readonly string[] {
  return existsSync(snapshots) ? readdirSync(snapshots).filter(name => NAME.test(name)).sort() : []
}

/** Only while everybody is down. Returns where it lies. @throws UsageError when there is one of this name, or it is none */
export function keepSnapshot (name: string, layout: Layout): string {
  const path = join(layout.snapshots, checked(name))
  if (existsSync(path)) throw new UsageError(`there is a snapshot ${name} already`, 'Take another name, or delete its folder.')
  mkdirSync(layout.snapshots, { recursive: true, mode: 0o700 })
  copy(layout.nodes, path)
  return path
}

/** Only while everybody is down. @throws NotFoundError */
export function requireSnapshot (name: string, layout: Layout): string {
  const path = join(layout.snapshots, checked(name))
  if (existsSync(path)) return path
  const names = snapshotNames(layout)
  throw new NotFoundError(`there is no snapshot ${name}`, names.length === 0 ? 'Make one with: skein testnet snapshot NAME' : `There are: ${names.join(', ')}.`)
}

/** Only while everybody is down. */
export function bringBack (path: string, { nodes }: Layout, { isMounted }: { readonly isMounted: boolean }): void {
  if (isMounted) {
    pourBack(path, nodes)
    return
  }
  const old = `${nodes}.old`
  rmSync(old, { recursive: true, force: true })
  renameSync(nodes, old)
  copy(path, nodes)
  rmSync(old, { recursive: true, force: true })
}

/** Folders on which disks are mounted can neither be moved nor removed: what is in them can. */
function pourBack (path: string, nodes: string): void {
  for (const entry of readdirSync(nodes, { withFileTypes: true })) {
    const place = join(nodes, entry.name)
    if (entry.isDirectory()) for (const file of readdirSync(place).filter(each => each !== FILLING)) rmSync(join(place, file), { recursive: true, force: true })
    else rmSync(place)
  }
  cpSync(path, nodes, { recursive: true, preserveTimestamps: true })
}

/** As a whole or not at all. */
function copy (from: string, to: string): void {
  const draft = `${to}.new`
  rmSync(draft, { recursive: true, force: true })
  cpSync(from, draft, { recursive: true, preserveTimestamps: true, filter: source => basename(source) !== FILLING })
  renameSync(draft, to)
}

function checked (name: string): string {
  if (!NAME.test(name)) throw new UsageError('a snapshot has a name of small letters, digits and dashes')
  return name
}
