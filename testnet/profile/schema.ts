/** What a profile may say: who is in a testnet, who knows whom, and how everybody's computer and line are. */
import type { FromSchema, JSONSchema } from 'json-schema-to-ts'
import { NAME, PACK_MAX, RELAYS_MAX, USERS_MAX } from '../plan.ts'

const DURATION = { type: 'string', pattern: '^(0|\\d+(\\.\\d+)?(ms|s|m|h|d))$' } as const satisfies JSONSchema
const NAMES = { type: 'array', maxItems: USERS_MAX, items: NAME } as const satisfies JSONSchema
const SETTINGS = { type: 'object', additionalProperties: { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }, { type: 'array', items: { type: 'string' } }] }, description: 'What its skein.toml or relay.toml says, by dotted names.' } as const satisfies JSONSchema

const SURROUNDINGS = {
  settings: SETTINGS,
  line: {
    type: 'object',
    additionalProperties: false,
    properties: { delay: DURATION, jitter: DURATION, kbitPerSecond: { type: 'number', minimum: 1 } }
  },
  clock: { type: 'string', pattern: '^-?(0|\\d+(\\.\\d+)?(ms|s|m|h|d))$', description: 'By how much it is wrong.' }
} as const satisfies Readonly<Record<string, JSONSchema>>

const RELAY = { type: 'object', nullable: true, additionalProperties: false, properties: SURROUNDINGS } as const
const USER = {
  type: 'object',
  nullable: true,
  additionalProperties: false,
  properties: {
    ...SURROUNDINGS,
    relays: { type: 'array', maxItems: 5, items: NAME, description: 'Where it has mailboxes, best first; else at three of all.' },
    knows: { ...NAMES, description: 'Its contacts, who know it as well; where nobody says, as in a testnet without a profile.' }
  }
} as const

export const PROFILE = {
  type: 'object',
  required: ['users'],
  additionalProperties: false,
  properties: {
    seed: { type: 'string', minLength: 1, maxLength: 200, description: 'Behind the keys of everybody.' },
    pack: { type: 'integer', minimum: 1, maximum: PACK_MAX },
    users: { type: 'object', minProperties: 1, maxProperties: USERS_MAX, propertyNames: NAME, additionalProperties: USER },
    relays: { type: 'object', maxProperties: RELAYS_MAX, propertyNames: NAME, additionalProperties: RELAY }
  }
} as const

export interface Surroundings {
  readonly settings?: Readonly<Record<string, FromSchema<typeof SETTINGS>[string]>>
  readonly line?: { readonly delay?: string, readonly jitter?: string, readonly kbitPerSecond?: number }
  readonly clock?: string
}

export interface ProfiledUser extends Surroundings {
  readonly relays?: readonly string[]
  readonly knows?: readonly string[]
}

export interface Profile {
  readonly seed?: string
  readonly pack?: number
  /** Nothing behind the name: nothing particular. */
  readonly users: Readonly<Record<string, ProfiledUser | null>>
  readonly relays?: Readonly<Record<string, Surroundings | null>>
}
