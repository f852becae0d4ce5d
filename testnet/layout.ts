/** Where everything of a testnet lies: one directory, with a folder for each node's home and a log for each process. */
import { join } from 'node:path'

/** In the current folder, so that each project of a developer has its own. */
export const DEFAULT_DIRECTORY = join('.skein', 'testnet')

/** What fills a disk up; named in disks/disk.py. Nobody's state. */
export const FILLING = '.full'

export interface Layout {
  readonly directory: string
  /** Who is in it: written last, so that a testnet that has it is whole. */
  readonly planFile: string
  /** The same while it is being made for the first time. */
  readonly draftFile: string
  /** What the process that holds it together has to say. */
  readonly log: string
  /** All homes. */
  readonly nodes: string
  /** Copies of all homes, by name. */
  readonly snapshots: string
  /** File systems in files, on which homes lie that have a disk of their own. */
  readonly disks: string
  readonly homeOf: (name: string) => string
  readonly logOf: (name: string) => string
  /** Milliseconds by which a node's clock is wrong, as text; absent: it is right. */
  readonly skewFileOf: (name: string) => string
  /** How often a user has begun as somebody else, as text; absent: this is the first one. */
  readonly lifeFileOf: (name: string) => string
}

export function layoutOf (directory: string): Layout {
  return {
    directory,
    planFile: join(directory, 'testnet.json'),
    draftFile: join(directory, 'testnet.json.new'),
    log: join(directory, 'logs', 'testnet.log'),
    nodes: join(directory, 'nodes'),
    snapshots: join(directory, 'snapshots'),
    disks: join(directory, 'disks'),
    homeOf: name => join(directory, 'nodes', name),
    logOf: name => join(directory, 'logs', `${name}.log`),
    skewFileOf: name => join(directory, 'nodes', `${name}.skew`),
    lifeFileOf: name => join(directory, 'nodes', `${name}.life`)
  }
}
