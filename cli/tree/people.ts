/** Commands around contacts and requests. */
import type { CommandSpec } from '../command.ts'

export const PEOPLE_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'contact add',
    takes: '<link>',
    summary: 'Ask somebody to be a contact, by their invite link',
    options: [
      { flags: '--as <alias>', summary: 'What you call them' },
      { flags: '--text <text>', summary: 'What they see before they accept, at most 500 bytes' }
    ],
    examples: ['skein contact add "skein:i#…" --as bob', 'skein contact add "skein:i#…" --text "Ana from the ferry"'],
    node: 'online',
    isLingering: true,
    load: async () => (await import('../commands/contact.ts')).add
  },
  {
    path: 'contact list',
    summary: 'Your contacts',
    options: [{ flags: '--all', summary: 'Blocked and removed ones as well' }],
    examples: ['skein contact list', 'skein contact list --all --json'],
    node: 'offline',
    load: async () => (await import('../commands/contact.ts')).list
  },
  {
    path: 'contact show',
    takes: '<who>',
    summary: 'One contact, with devices and safety number',
    examples: ['skein contact show @bob'],
    node: 'offline',
    load: async () => (await import('../commands/contact.ts')).show
  },
  {
    path: 'contact verify',
    takes: '<who>',
    summary: 'Compare the safety number, so that nobody can stand in between',
    about: 'Without options it shows the number and asks. The other side must see the same 60 digits; compare by voice or in person.',
    options: [
      { flags: '--number <digits>', summary: 'The number that they read out; it is marked as compared only if it is the same' },
      { flags: '--yes', summary: 'You have compared it and it is the same' },
      { flags: '--undo', summary: 'Take the mark back' },
      { flags: '--accept-key', summary: 'Go on with a changed key without comparing' }
    ],
    examples: ['skein contact verify @bob', 'skein contact verify @bob --number "30112 41883 …"', 'skein contact verify @bob --accept-key'],
    node: 'offline',
    load: async () => (await import('../commands/contact.ts')).verify
  },
  {
    path: 'contact rename',
    takes: '<who> <alias>',
    summary: 'Change what you call a contact',
    examples: ['skein contact rename @bob bob-work'],
    node: 'offline',
    load: async () => (await import('../commands/contact.ts')).rename
  },
  {
    path: 'contact block',
    takes: '<who>',
    summary: 'Take nothing from them any more; they are not told',
    examples: ['skein contact block @eve'],
    node: 'offline',
    load: async () => (await import('../commands/contact.ts')).block
  },
  {
    path: 'contact unblock',
    takes: '<who>',
    summary: 'Undo a block',
    examples: ['skein contact unblock @eve'],
    node: 'offline',
    load: async () => (await import('../commands/contact.ts')).unblock
  },
  {
    path: 'contact remove',
    takes: '<who>',
    summary: 'Stop exchanging messages; the history stays',
    examples: ['skein contact remove @eve'],
    node: 'offline',
    load: async () => (await import('../commands/contact.ts')).remove
  },
  {
    path: 'requests list',
    summary: 'People who ask to be a contact',
    examples: ['skein requests list'],
    node: 'offline',
    load: async () => (await import('../commands/requests.ts')).list
  },
  {
    path: 'requests accept',
    takes: '<id>',
    summary: 'Accept a request',
    options: [{ flags: '--as <alias>', summary: 'What you call them' }],
    examples: ['skein requests accept 01JD8QK4', 'skein requests accept 01JD8QK4 --as bob'],
    node: 'online',
    isLingering: true,
    load: async () => (await import('../commands/requests.ts')).accept
  },
  {
    path: 'requests reject',
    takes: '<id>',
    summary: 'Decline a request; they are not told',
    options: [{ flags: '--block', summary: 'And take no more requests from them' }],
    examples: ['skein requests reject 01JD8QK4', 'skein requests reject 01JD8QK4 --block'],
    node: 'offline',
    load: async () => (await import('../commands/requests.ts')).reject
  }
]
