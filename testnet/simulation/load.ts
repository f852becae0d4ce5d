/** A scenario without a file: so many users and relays, a message for each user and minute, and nothing goes wrong. */
import { checkScenario, type ReadScenario } from '../scenario/read.ts'

/** As people write to each other in the evening. */
const MESSAGES_PER_USER_AND_MINUTE = 1

export interface Load { readonly users: number, readonly relays: number, readonly durationMs: number }

export function loadOf ({ users, relays, durationMs }: Load): ReadScenario {
  return checkScenario('the load', {
    name: `${users} users`,
    users,
    relays,
    talk: { messages: Math.max(1, Math.round(users * MESSAGES_PER_USER_AND_MINUTE * durationMs / 60_000)), over: `${durationMs}ms` },
    expect: ['lost == 0', 'duplicates == 0', 'order == causal', 'equal within 60s']
  })
}
