/** Who is in a testnet, in the order in which they start, and what is particular about each. */
import { readFile } from 'node:fs/promises'
import { Ajv } from 'ajv'
import type { FromSchema, JSONSchema } from 'json-schema-to-ts'
import { MalformedError } from '../protocols/core/errors.ts'
import { CABLES, type CableKind } from './cable/kinds.ts'
import { SEED } from './homes/seed.ts'
import type { Layout } from './layout.ts'

export type Kind = 'user' | 'relay'

/** Of people in examples: the same in each testnet, so that a command line in a report works in any. */
const USER_NAMES = ['ana', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy', 'mallory', 'niaj', 'olivia', 'peggy', 'rupert', 'sybil', 'trent', 'victor', 'walter', 'wendy']
/** What two cores start in some minutes. */
export const USERS_MAX = 200
export const RELAYS_MAX = 50
/** What a simulation of one process has room for: a user takes 4 MB. */
export const SIMULATED_USERS_MAX = 4_000
export const SIMULATED_RELAYS_MAX = 500
/** More in one process share one core. */
export const PACK_MAX = 50

export const NAME = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,31}$' } as const satisfies JSONSchema

const NODE = {
  type: 'object',
  required: ['name', 'kind'],
  additionalProperties: false,
  properties: {
    name: NAME,
    kind: { enum: ['user', 'relay'] },
    pack: { ...NAME, description: 'It shares a process with all of this pack.' },
    relays: { type: 'array', maxItems: 5, items: NAME, description: 'Of a user: where it has mailboxes.' },
    knows: { type: 'array', items: NAME, description: 'Of a user: its contacts.' },
    settings: { type: 'object', additionalProperties: { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }, { type: 'array', items: { type: 'string' } }] }, description: 'What its file of settings says, by dotted names.' },
    link: { type: 'object', required: ['delayMs', 'jitterMs'], additionalProperties: false, properties: { delayMs: { type: 'number', minimum: 0 }, jitterMs: { type: 'number', minimum: 0 }, bytesPerSecond: { type: 'number', minimum: 1 } } },
    skewMs: { type: 'number', description: 'By which its clock is wrong.' },
    release: { type: 'string', description: 'The folder of another version of Skein, of which its process is.' }
  }
} as const satisfies JSONSchema

const PLAN = {
  type: 'object',
  required: ['version', 'nodes'],
  properties: {
    version: { const: 1 },
    seed: { type: 'string', minLength: 1, maxLength: 200 },
    nodes: { type: 'array', items: NODE },
    cable: { enum: CABLES },
    disks: { type: 'boolean' }
  }
} as const satisfies JSONSchema

export type PlannedNode = Readonly<Omit<FromSchema<typeof NODE>, 'kind'>> & { readonly kind: Kind }

export interface Plan {
  /** Behind the keys of everybody. */
  readonly seed: string
  readonly nodes: readonly PlannedNode[]
  /** Absent: the userspace one. */
  readonly cable?: CableKind
  /** Whether each home lies on a disk of its own. */
  readonly disks?: boolean
}

export interface Wish {
  readonly users: number
  readonly relays: number
  /** So many share a process; one: nobody does. */
  readonly pack?: number
  readonly seed?: string
  /** Of which version everybody is. */
  readonly release?: string | undefined
}

export function planOf ({ users, relays, pack = 1, seed = SEED, release }: Wish): Plan {
  const ofRelease = release === undefined ? {} : { release }
  return {
    seed,
    nodes: packed([
      ...Array.from({ length: relays }, (_, index) => ({ name: `relay${index + 1}`, kind: 'relay' as const, ...ofRelease })),
      ...Array.from({ length: users }, (_, index) => ({ name: USER_NAMES[index] ?? `user${index + 1}`, kind: 'user' as const, ...ofRelease }))
    ], pack)
  }
}

/** Relays share processes with relays, and users with users: relays are there first. */
export function packed (nodes: readonly PlannedNode[], size: number): readonly PlannedNode[] {
  if (size <= 1) return nodes
  const placeOf = (node: PlannedNode): number => nodes.filter(({ kind }) => kind === node.kind).indexOf(node)
  return nodes.map(node => ({ ...node, pack: `${node.kind}s${Math.floor(placeOf(node) / size) + 1}` }))
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
  const isPlan = new Ajv({ strict: false }).compile<FromSchema<typeof PLAN>>(PLAN)
  if (!isPlan(value)) throw new MalformedError('testnet.json', 'must be what this version of testnet up has written: each node with its name, and whether it is a user or a relay, and a cable that there is')
  const { seed = SEED, nodes, cable, disks } = value
  return { seed, nodes, ...cable !== undefined && { cable }, ...disks !== undefined && { disks } }
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new MalformedError('testnet.json', 'must be JSON')
  }
}
