/** The command line of the benchmarks. */
import { parseArgs } from 'node:util'

export const SUITES = ['pair', 'spread', 'start', 'send', 'idle', 'history', 'deposits', 'backlog', 'relayed', 'relay-idle', 'idle-traffic', 'encryption', 'media', 'media-relay'] as const
export type SuiteName = typeof SUITES[number]

export interface Options {
  readonly suites: readonly SuiteName[]
  readonly isJson: boolean
  readonly isQuick: boolean
  /** Where profiles of what is measured go. */
  readonly profileFolder: string | undefined
}

export const USAGE = `Usage: npm run bench -- [options]

  --only NAME       one of ${SUITES.join(', ')};
                    may be repeated
  --quick           fewer and shorter: some three minutes instead of twenty, and rougher
  --json            JSON on standard output instead of the table
  --profile FOLDER  one more repetition of pair, spread and deposits with the profiler on, and backlog with it; profiles go
                    to FOLDER, their sums to standard error
  --help            this`

/** `undefined`: somebody asks for help. @throws TypeError that says what is wrong */
export function parseOptions (args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) return undefined
  const only = (values.only ?? SUITES).map(suiteOf)
  return { suites: SUITES.filter(name => only.includes(name)), isJson: values.json, isQuick: values.quick, profileFolder: values.profile }
}

function suiteOf (given: string): SuiteName {
  const name = SUITES.find(known => known === given)
  if (name === undefined) throw new TypeError(`--only takes ${SUITES.join(', ')}`)
  return name
}
