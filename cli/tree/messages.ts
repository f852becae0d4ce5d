/** Commands around messages. */
import { GOALS } from '../awaited.ts'
import type { CommandSpec, OptionSpec } from '../command.ts'

const IDEMPOTENCY_KEY: OptionSpec = { flags: '--idempotency-key <key>', summary: 'The same key sends once, however often it is asked' }
const SINCE: OptionSpec = { flags: '--since <time>', summary: 'Only from then on: 10m, yesterday, 2026-11-01' }

export const MESSAGE_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'send',
    takes: '<who> [text]',
    summary: 'Send a text or files; prints its id as soon as it cannot be lost any more',
    about: 'The text is one argument. Without it, or with -, it is read from standard input; with files it may be left out. A text that begins with a dash goes after --. What photos and films tell of place and camera is removed from them first.',
    options: [
      { flags: '--reply <id>', summary: 'The message that this one answers' },
      { flags: '--file <path>', summary: 'A file to go with it, - for standard input; may be repeated', isRepeatable: true },
      { flags: '--name <name>', summary: 'What the file is called, instead of its own name' },
      { flags: '--original', summary: 'Files as they are: with place, camera and all else that they tell' },
      { flags: '--wait <state>', summary: 'Come back when it is in this state (stored:2: when two relays have signed); --timeout says how long to wait', choices: GOALS },
      IDEMPOTENCY_KEY
    ],
    examples: ['skein send @bob "Leaving now"', 'date | skein send @bob', 'skein send @bob "Is it there?" --wait delivered --timeout 1m', 'skein send @bob "From the ferry" --file photo.jpg --file film.mp4', 'tar c notes | skein send @bob --file - --name notes.tar', 'skein send @bob -- "-5 degrees here"'],
    node: 'online',
    load: async () => (await import('../commands/send.ts')).send
  },
  {
    path: 'forward',
    takes: '<id> <who>',
    summary: 'Send a message on to somebody else, with its files, which are not uploaded again',
    examples: ['skein forward 01JD8QK4 @carol'],
    node: 'online',
    isLingering: true,
    load: async () => (await import('../commands/media.ts')).forward
  },
  {
    path: 'read',
    takes: '<who>',
    summary: 'The newest messages of a conversation, oldest first',
    about: 'What is shown is marked as read, and told to the other side if your policy says so; --peek leaves it unread.',
    options: [
      { flags: '--limit <n>', summary: 'How many at most; 20 when left out' },
      SINCE,
      { flags: '--before <id>', summary: 'The messages before this one' },
      { flags: '--peek', summary: 'Do not mark them as read' }
    ],
    examples: ['skein read @bob', 'skein read @bob --limit 5 --json', 'skein read @bob --since yesterday --peek'],
    node: 'offline',
    load: async () => (await import('../commands/read.ts')).read
  },
  {
    path: 'chat',
    takes: '[who]',
    summary: 'Read and write in the whole terminal',
    examples: ['skein chat', 'skein chat @bob'],
    node: 'online',
    isLasting: true,
    load: async () => (await import('../commands/chat.ts')).chat
  },
  {
    path: 'search',
    takes: '<query>',
    summary: 'Find messages, newest first',
    options: [
      { flags: '--with <who>', summary: 'Only in the conversation with them' },
      { flags: '--limit <n>', summary: 'How many at most; 20 when left out' },
      { flags: '--before <id>', summary: 'Go on after the last one that was shown' }
    ],
    examples: ['skein search ferry', 'skein search "pier photo" --with @bob --json'],
    node: 'offline',
    load: async () => (await import('../commands/search.ts')).search
  },
  {
    path: 'react',
    takes: '<id> [emoji]',
    summary: 'React to a message',
    options: [{ flags: '--remove', summary: 'Take your reaction back' }],
    examples: ['skein react 01JD8QK4 👍', 'skein react 01JD8QK4 --remove'],
    node: 'online',
    isLingering: true,
    load: async () => (await import('../commands/change.ts')).react
  },
  {
    path: 'edit',
    takes: '<id> [text]',
    summary: 'Change the text of a message of yours, for everyone',
    about: 'Without the text, or with -, it is read from standard input.',
    examples: ['skein edit 01JD8QK4 "At nine, not at eight"'],
    node: 'online',
    isLingering: true,
    load: async () => (await import('../commands/change.ts')).edit
  },
  {
    path: 'delete',
    takes: '<id>',
    summary: 'Delete a message of yours, for everyone',
    examples: ['skein delete 01JD8QK4'],
    node: 'online',
    isLingering: true,
    load: async () => (await import('../commands/change.ts')).remove
  },
  {
    path: 'mark-read',
    takes: '<who>',
    summary: 'Mark a conversation as read',
    options: [{ flags: '--up-to <id>', summary: 'Only up to this message' }],
    examples: ['skein mark-read @bob', 'skein mark-read @bob --up-to 01JD8QK4'],
    node: 'offline',
    load: async () => (await import('../commands/mark-read.ts')).markRead
  },
  {
    path: 'msg show',
    takes: '<id>',
    summary: 'One message',
    examples: ['skein msg show 01JD8QK4'],
    node: 'offline',
    load: async () => (await import('../commands/msg.ts')).show
  },
  {
    path: 'msg trace',
    takes: '<id>',
    summary: 'Where a message is and how it got there: every attempt, answer and cause',
    examples: ['skein msg trace 01JD8QK4', 'skein msg trace 01JD8QK4 --json'],
    node: 'offline',
    load: async () => (await import('../commands/msg.ts')).trace
  },
  {
    path: 'msg audit',
    summary: 'Hold relays to what they have signed for',
    examples: ['skein msg audit', 'skein msg audit --json'],
    node: 'online',
    load: async () => (await import('../commands/msg.ts')).audit
  },
  {
    path: 'msg retry',
    takes: '<id>',
    summary: 'Try to deliver a message now',
    examples: ['skein msg retry 01JD8QK4'],
    node: 'online',
    isLingering: true,
    load: async () => (await import('../commands/msg.ts')).retry
  },
  {
    path: 'msg cancel',
    takes: '<id>',
    summary: 'Take back a message that has not been delivered',
    examples: ['skein msg cancel 01JD8QK4'],
    node: 'offline',
    load: async () => (await import('../commands/msg.ts')).cancel
  },
  {
    path: 'export',
    takes: '[who]',
    summary: 'Write messages to a file, readable without Skein',
    about: 'All conversations, or one. The file appears when it is complete. It is not encrypted.',
    options: [
      { flags: '--format <format>', summary: 'jsonl: everything, one message a line · md: for reading', choices: ['jsonl', 'md'] },
      { flags: '--output <file>', summary: 'Where to; - for standard output, which is also what is taken when left out' },
      { flags: '--force', summary: 'Replace the file if it is there' },
      SINCE
    ],
    examples: ['skein export --output all.jsonl', 'skein export @bob --format md --output bob.md', 'skein export @bob --since 2026-01-01 --output - | wc -l'],
    node: 'offline',
    load: async () => (await import('../commands/export.ts')).exportMessages
  }
]
