/** Who is in a testnet: names, in the order in which they start. */
import { readFile } from 'node:fs/promises'
import { MalformedError } from '../protocols/core/errors.ts'
import { CABLES, type CableKind } from './cable/kinds.ts'
import type { Layout } from './layout.ts'

export type Kind = 'user' | 'relay'

export interface PlannedNode {
  readonly name: string
  readonly kind: Kind
}

export interface Plan {
  readonly nodes: readonly PlannedNode[]
  /** Absent: the userspace one. */
  readonly cable?: CableKind
  /** Whether each home lies on a disk of its own. */
  readonly disks?: boolean
}

/** Of people in examples: the same in each testnet, so that a command line in a report works in any. */
const USER_NAMES = ['ana', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy', 'mallory', 'niaj', 'olivia', 'peggy', 'rupert', 'sybil', 'trent', 'victor', 'walter', 'wendy']
/** What two cores start in some minutes. */
export const USERS_MAX = 200
export const RELAYS_MAX = 50
/** What a simulation of one process has room for: a user takes 4 MB. */
export const SIMULATED_USERS_MAX = 4_000
export const SIMULATED_RELAYS_MAX = 500

export function planOf ({ users, relays }: { readonly users: number, readonly relays: number }): Plan {
  return {
    nodes: [
      ...Array.from({ length: relays }, (_, index) => ({ name: `relay${index + 1}`, kind: 'relay' as const })),
      ...Array.from({ length: users }, (_, index) => ({ name: USER_NAMES[index] ?? `user${index + 1}`, kind: 'user' as const }))
    ]
  }
}

/** @throws MalformedError; undefined when there is no testnet */
export async function readPlan ({ planFile }: Layout): Promise<Plan | undefined> {
  let text: string
  try {
    text = await readFile(planFile, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return decodePlan(text)
}

export function encodePlan (plan: Plan): string { return `${JSON.stringify({ version: 1, ...plan }, undefined, 2)}\n` }

/** @throws MalformedError */
export function decodePlan (text: string): Plan {
  const value = parse(text)
  const nodes = value['version'] === 1 ? value['nodes'] : undefined
  if (!Array.isArray(nodes)) throw new MalformedError('testnet.json', 'must be what this version of testnet up has written')
  const { cable, disks } = value
  if ((cable !== undefined && !isCable(cable)) || (disks !== undefined && typeof disks !== 'boolean')) throw new MalformedError('testnet.json', 'must name a cable that there is, and say of disks whether there are any')
  return { nodes: nodes.map(decodeNode), ...cable !== undefined && { cable }, ...disks !== undefined && { disks } }
}

function isCable (value: unknown): value is CableKind { return CABLES.some(kind => kind === value) }

function decodeNode (value: unknown): PlannedNode {
  const { name, kind } = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,31}$/.test(name) || (kind !== 'user' && kind !== 'relay')) throw new MalformedError('testnet.json', 'must name each node and say whether it is a user or a relay')
  return { name, kind }
}

function parse (text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch { /* said below */ }
  throw new MalformedError('testnet.json', 'must be JSON')
}
