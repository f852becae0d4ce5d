/** What a scenario may say: topology, talk, faults at times, and what is expected. The file is YAML, or a module whose default export says the same. */
import type { FromSchema, JSONSchema } from 'json-schema-to-ts'
import { CABLES, NAT_KINDS } from '../cable/kinds.ts'
import { SIMULATED_RELAYS_MAX, SIMULATED_USERS_MAX } from '../plan.ts'

const NAME = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,31}$' } as const satisfies JSONSchema
const DURATION = { type: 'string', pattern: '^-?(0|\\d+(\\.\\d+)?(ms|s|m|h|d))$', description: '500ms, 3s, 10m, 1h' } as const satisfies JSONSchema
const NAMES = { type: 'array', minItems: 1, items: NAME } as const satisfies JSONSchema

/** When it happens, counted from the first message, and for how long; then it is undone. */
const WHEN = { at: DURATION, for: DURATION } as const

export const FAULT = {
  type: 'object',
  required: ['at'],
  additionalProperties: false,
  properties: {
    ...WHEN,
    crash: { ...NAME, description: 'Killed; `for`: then started again.' },
    loseDisk: { type: 'boolean', description: 'With crash: its disk is gone as well.' },
    keepDisk: { ...NAME, description: 'A relay whose disk as it is now is what a later oldDisk puts back.' },
    oldDisk: { ...NAME, description: 'A relay whose disk is put back to what it was when the talk began.' },
    start: NAME,
    upgrade: { ...NAME, description: 'Stopped in order, and started as this version; where the scenario names a release.' },
    drain: { ...NAME, description: 'Strangers take all one-time prekeys of this user from its relays.' },
    meet: { ...NAMES, minItems: 2, maxItems: 2, description: 'The first asks the second to be a contact.' },
    pause: { ...NAME, description: 'Its process stands still; `for`: then goes on.' },
    resume: NAME,
    clock: NAME,
    skew: { ...DURATION, description: 'With clock: by how much it is wrong; `for`: then right again.' },
    partition: { type: 'array', minItems: 2, maxItems: 2, items: NAMES, description: 'Nothing passes between these and those; `for`: then whole again.' },
    heal: { const: true },
    slow: { ...NAMES, description: 'Lines that are slow; `for`: then as fast as the machine.' },
    delay: DURATION,
    jitter: DURATION,
    kbitPerSecond: { type: 'integer', minimum: 1 },
    loss: { ...NAMES, description: 'Lines that lose packets; `for`: then none. Needs `cable: namespaces`.' },
    percent: { type: 'number', exclusiveMinimum: 0, maximum: 100, description: 'With loss: of all packets, each way.' },
    nat: { ...NAME, description: 'A user whose router is another one; `for`: then has a public address. Needs `cable: namespaces`.' },
    kind: { enum: NAT_KINDS, description: 'With nat: of which kind.' },
    fillDisk: { ...NAME, description: 'Its disk is full; `for`: then there is room again. Needs `disks: true`.' },
    leave: { type: 'integer', minimum: 0, description: 'With fillDisk: so many bytes still fit.' },
    powerOff: { ...NAME, description: 'Its computer loses its power, and what was not flushed is gone; `for`: then started again. Needs `disks: true`.' },
    trouble: { const: true, description: 'Any fault, by chance that the seed repeats, for as long as `for` says.' }
  }
} as const satisfies JSONSchema

export const SCENARIO = {
  type: 'object',
  required: ['name', 'users', 'talk', 'expect'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 100 },
    seed: { type: 'integer', minimum: 0, maximum: 2 ** 31, description: 'The first seed, unless --from names one; else 1.' },
    about: { type: 'string', maxLength: 2_000 },
    users: { type: 'integer', minimum: 2, maximum: SIMULATED_USERS_MAX },
    relays: { type: 'integer', minimum: 0, maximum: SIMULATED_RELAYS_MAX },
    cable: { enum: CABLES, description: 'Else the userspace one.' },
    disks: { type: 'boolean', description: 'Whether each home lies on a disk of its own.' },
    release: { type: 'string', minLength: 1, description: 'Of which version everybody is at first: `previous`, a tag, a commit, or a folder.' },
    strangers: { ...NAMES, description: 'Users who know nobody at first.' },
    talk: {
      type: 'object',
      required: ['messages'],
      additionalProperties: false,
      properties: {
        messages: { type: 'integer', minimum: 1, maximum: 1_000_000 },
        from: { ...NAMES, description: 'Who writes; else everybody.' },
        to: { ...NAMES, description: 'Whom they write to; else anybody.' },
        over: { ...DURATION, description: 'The talk lasts so long; else as long as it takes.' }
      }
    },
    faults: { type: 'array', maxItems: 1_000, items: FAULT },
    settle: { ...DURATION, description: 'How long the quiet at the end may take; else two minutes.' },
    expect: { type: 'array', minItems: 1, maxItems: 100, items: { type: 'string' } }
  }
} as const satisfies JSONSchema

export type Fault = FromSchema<typeof FAULT>
export type Scenario = FromSchema<typeof SCENARIO>
