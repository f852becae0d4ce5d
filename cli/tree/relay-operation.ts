/** Commands of whoever operates a relay that is there. */
import type { CommandSpec } from '../command.ts'

export const RELAY_OPERATION_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'relay status',
    summary: 'What the relay holds, how it fares, and how users reach it',
    about: 'Of the relay that runs in this home.',
    examples: ['skein relay status --home /var/lib/skein-relay', 'skein relay status --json | jq .data.envelopes'],
    node: 'none',
    load: async () => (await import('../commands/relay/status.ts')).status
  },
  {
    path: 'relay top',
    summary: 'The same, live',
    about: 'Every second on a terminal, until Ctrl-C. With --json, with --once or into a pipe: once.',
    options: [{ flags: '--once', summary: 'Show it once and end' }],
    examples: ['skein relay top --home /var/lib/skein-relay', 'skein relay top --json | jq .data.depositsPerSecond'],
    node: 'none',
    isLasting: true,
    load: async () => (await import('../commands/relay/top.ts')).top
  },
  {
    path: 'relay mailboxes',
    summary: 'The mailboxes in which most waits',
    about: 'A relay knows a mailbox by the PeerId of its device and by nothing else.',
    options: [
      { flags: '--stuck', summary: 'Those with mail whose owner has not come for long (mailbox.stuck)' },
      { flags: '--limit <n>', summary: 'How many, 20 unless given' }
    ],
    examples: ['skein relay mailboxes', 'skein relay mailboxes --stuck --limit 100 --json'],
    node: 'none',
    load: async () => (await import('../commands/relay/mailboxes.ts')).mailboxes
  },
  {
    path: 'relay limits',
    takes: '[key] [value]',
    summary: 'Show the settings of the relay, or change one',
    about: 'A change is written into relay.toml, where every comment stays, and holds at once where that can be: everything but addresses, circuits and the DHT. Works also while the relay is stopped.',
    examples: ['skein relay limits', 'skein relay limits disk.cap', 'skein relay limits disk.cap 50GB', 'skein relay limits admission.mode code'],
    node: 'none',
    load: async () => (await import('../commands/relay/limits.ts')).limits
  },
  {
    path: 'relay block',
    takes: '<peerId>',
    summary: 'Close one mailbox, or open it again',
    about: 'Nothing is taken for it and nothing handed out; what waits stays until it expires.',
    options: [{ flags: '--off', summary: 'Open it again' }],
    examples: ['skein relay block 12D3KooW…', 'skein relay block 12D3KooW… --off'],
    node: 'none',
    load: async () => (await import('../commands/relay/change.ts')).block
  },
  {
    path: 'relay gc',
    summary: 'Remove what has expired and give the space back, now',
    about: 'The relay does this by itself every minute; nobody waits for it.',
    examples: ['skein relay gc', 'skein relay gc --json'],
    node: 'none',
    load: async () => (await import('../commands/relay/change.ts')).gc
  },
  {
    path: 'relay drain',
    summary: 'Close the relay for good without losing anything',
    about: 'Users are told to move to another relay. What waits can still be collected; nothing new is taken. Survives a restart.',
    options: [{ flags: '--off', summary: 'Open it again' }],
    examples: ['skein relay drain', 'skein relay drain --off'],
    node: 'none',
    load: async () => (await import('../commands/relay/change.ts')).drain
  },
  {
    path: 'relay bench',
    summary: 'How many durable deposits a second this machine takes',
    about: 'Starts a relay of its own beside the one in this home, on the same disk, fills it from clients in this process, and removes it. Beside it stands how often this disk can flush.',
    options: [
      { flags: '--clients <n>', summary: 'Depositing at once, 4 unless given' },
      { flags: '--deposits <n>', summary: 'Altogether, 20000 unless given' },
      { flags: '--size <bytes>', summary: 'Of each envelope, 1024 unless given' }
    ],
    examples: ['skein relay bench --home /var/lib/skein-relay', 'skein relay bench --clients 8 --deposits 100000 --json'],
    node: 'none',
    load: async () => (await import('../commands/relay/bench.ts')).bench
  }
]
