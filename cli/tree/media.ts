/** Commands around files. */
import type { CommandSpec } from '../command.ts'

export const MEDIA_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'media get',
    takes: '<id>',
    summary: 'Fetch the files of a message, and write them into a folder',
    about: 'Each gets a name that is free there: nothing is written over. Files that were fetched already are only written. Nothing is opened.',
    options: [
      { flags: '--out <dir>', summary: 'The folder; else the setting media.folder, else downloads in the home' },
      { flags: '--place <n>', summary: 'Only this one of several, from 1' }
    ],
    examples: ['skein media get 01JD8QK4', 'skein media get 01JD8QK4 --out ~/Pictures --json'],
    node: 'online',
    load: async () => (await import('../commands/media.ts')).get
  },
  {
    path: 'media list',
    summary: 'Files of messages, the newest first, and what they take on the disk',
    options: [
      { flags: '--with <who>', summary: 'Only those of the conversation with them' },
      { flags: '--limit <n>', summary: 'How many messages at most; 50 when left out' }
    ],
    examples: ['skein media list', 'skein media list --with @bob --json'],
    node: 'offline',
    load: async () => (await import('../commands/media.ts')).list
  },
  {
    path: 'media gc',
    summary: 'Let go of files that are not needed',
    about: 'What was not used for the longest, until the rest keeps the limit of the setting media.cache. Never what is pinned, and never what somebody has still to fetch from here. Files that were written into folders are yours, and stay.',
    options: [
      { flags: '--dry-run', summary: 'Only say what would be let go' },
      { flags: '--all', summary: 'Not only what is beyond the limit' }
    ],
    examples: ['skein media gc --dry-run', 'skein media gc --all'],
    node: 'offline',
    load: async () => (await import('../commands/media.ts')).gc
  },
  {
    path: 'media pin',
    takes: '<id>',
    summary: 'Keep the files of a message on this computer, whatever the limit',
    examples: ['skein media pin 01JD8QK4'],
    node: 'offline',
    load: async () => (await import('../commands/media.ts')).pin
  },
  {
    path: 'media unpin',
    takes: '<id>',
    summary: 'Undo that',
    examples: ['skein media unpin 01JD8QK4'],
    node: 'offline',
    load: async () => (await import('../commands/media.ts')).unpin
  }
]
