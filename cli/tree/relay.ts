/** Commands of whoever operates a relay. */
import type { CommandSpec } from '../command.ts'

export const RELAY_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'relay init',
    summary: 'Make a relay on this computer',
    about: 'A relay keeps sealed messages for people who are away. It needs a home of its own, apart from your account. Its key is a file there: keep a copy of relay.key, for it is what users know the relay by.',
    options: [
      { flags: '--key-file', summary: 'The key lies in a file; a relay starts unattended, so it always does' },
      { flags: '--listen <multiaddr>', summary: 'Address to listen on, written into relay.toml; may be repeated', isRepeatable: true },
      { flags: '--name <name>', summary: 'What users are shown: its host name, as a rule' }
    ],
    examples: ['skein relay init --home /var/lib/skein-relay', 'skein relay init --home relay --name relay.example.org --listen /ip4/0.0.0.0/tcp/4780'],
    node: 'none',
    load: async () => (await import('../commands/relay/init.ts')).init
  },
  {
    path: 'relay up',
    summary: 'Run the relay until it is stopped',
    about: 'With --json the first line on stdout says that it is ready and how it is reached; troubles go to stderr. Users add it with: skein relays add ADDRESS',
    options: [{ flags: '--listen <multiaddr>', summary: 'Address to listen on, instead of those in relay.toml; may be repeated', isRepeatable: true }],
    examples: ['skein relay up --home /var/lib/skein-relay', 'skein relay up --home relay --listen /ip4/0.0.0.0/tcp/4780 --json'],
    node: 'none',
    load: async () => (await import('../commands/relay/up.ts')).up
  }
]
