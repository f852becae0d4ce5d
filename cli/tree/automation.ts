/** Commands for scripts: events and hooks. */
import type { CommandSpec } from '../command.ts'
import { EVENT_TYPES } from '../../protocols/local/schema.ts'

export const AUTOMATION_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'events',
    summary: 'What happens, one event a line',
    about: `With --cursor the node remembers how far you have come: after a crash you see again what you had not dealt with, and miss nothing. An event is acknowledged once its line is written. Types: ${EVENT_TYPES.join(', ')}.`,
    options: [
      { flags: '--follow', summary: 'Go on with what happens from now on, until interrupted' },
      { flags: '--cursor <name>', summary: 'A cursor kept by the node under this name' },
      { flags: '--type <type>', summary: 'Only events of this type; may be repeated', isRepeatable: true, choices: EVENT_TYPES },
      { flags: '--after <cursor>', summary: 'Begin elsewhere: start, now, or the cursor of an event' }
    ],
    examples: ['skein events --follow --cursor backup --json', 'skein events --follow --type message.received', 'skein events --after start'],
    node: 'online',
    isLasting: true,
    load: async () => (await import('../commands/events.ts')).events
  },
  {
    path: 'hook add',
    takes: '<event> <command>',
    summary: 'Run a command on an event, while the node runs',
    about: `The event comes to the command as JSON on standard input. Types: ${EVENT_TYPES.join(', ')}, or * for all.`,
    examples: ['skein hook add message.received \'jq -r .message.text | espeak\''],
    node: 'offline',
    load: async () => (await import('../commands/hook.ts')).add
  },
  {
    path: 'hook list',
    summary: 'The hooks there are',
    examples: ['skein hook list'],
    node: 'offline',
    load: async () => (await import('../commands/hook.ts')).list
  },
  {
    path: 'hook remove',
    takes: '<hook>',
    summary: 'Remove a hook by its number',
    examples: ['skein hook remove 1'],
    node: 'offline',
    load: async () => (await import('../commands/hook.ts')).remove
  }
]
