/** Commands around the way to others. */
import type { CommandSpec } from '../command.ts'

export const NETWORK_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'ping',
    takes: '<who>',
    summary: 'Whether a contact answers now, directly or through which relay, and how fast',
    examples: ['skein ping @bob', 'skein ping @bob --json | jq .data.ms'],
    node: 'online',
    load: async () => (await import('../commands/ping.ts')).ping
  },
  {
    path: 'netcheck',
    summary: 'Who can reach this node, from where, and what to do',
    about: 'Your relays are asked: where they see you, and whether they can dial you.',
    examples: ['skein netcheck', 'skein netcheck --json'],
    node: 'online',
    load: async () => (await import('../commands/netcheck.ts')).netcheck
  }
]
