/** Commands around your own relays. */
import type { CommandSpec } from '../command.ts'

export const RELAYS_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'relays add',
    takes: '<address>',
    summary: 'Have messages wait for you at a relay while you are away',
    about: 'The relay keeps sealed envelopes and cannot read them, nor whom they are from. Two or three relays of different operators are best: a message is safe once two of them have signed for it. Whoever runs a relay sees its address with: skein relay status.',
    options: [{ flags: '--code <code>', summary: 'What admits you, where the relay asks for it' }],
    examples: ['skein relays add /dns4/relay.example.org/tcp/4040/p2p/12D3KooW…', 'skein relays add /ip4/203.0.113.7/tcp/4040/p2p/12D3KooW… --code tea-for-two'],
    node: 'online',
    isLingering: true,
    load: async () => (await import('../commands/relays.ts')).add
  },
  {
    path: 'relays list',
    summary: 'Your relays: whether they answer, and what waits there',
    examples: ['skein relays list', 'skein relays list --json'],
    node: 'offline',
    load: async () => (await import('../commands/relays.ts')).list
  },
  {
    path: 'relays remove',
    takes: '<relay>',
    summary: 'Give a mailbox up; your contacts are told first',
    examples: ['skein relays remove eu1', 'skein relays remove /ip4/203.0.113.7/tcp/4040/p2p/12D3KooW…'],
    node: 'online',
    isLingering: true,
    load: async () => (await import('../commands/relays.ts')).remove
  },
  {
    path: 'relays test',
    takes: '[relay]',
    summary: 'Whether your relays answer, how fast, by which rules, and what is wrong',
    about: 'With the address of any relay, also one that you have not chosen yet.',
    examples: ['skein relays test', 'skein relays test /ip4/203.0.113.7/tcp/4040/p2p/12D3KooW…'],
    node: 'online',
    load: async () => (await import('../commands/relays.ts')).test
  }
]
