/** Operations around files. Law: docs/protocols/local.md, "Files". */
import { ATTACHMENTS_MAX } from '../core/limits.ts'
import { DONE, operation, SENT } from './operation.ts'
import { ATTACHMENT_VIEW, INSTANT, MESSAGE_ID, WHO } from './schema.ts'

const PATH = { type: 'string', minLength: 1, maxLength: 4096, description: 'Of a file on this machine, absolute.' } as const
const TAKE = { type: 'string', pattern: '^[0-9a-f]{32}$', description: 'As media.take has named it.' } as const
const FILE_NAME = { type: 'string', minLength: 1, maxLength: 1024, description: 'Instead of the last part of the path.' } as const
const ORIGINAL = { type: 'boolean', description: 'As it is: with place, camera and all else that it may tell.' } as const
const PLACE = { type: 'integer', minimum: 1, maximum: ATTACHMENTS_MAX, description: 'Which of the files of the message, from 1.' } as const
const ONE_TAKE = { type: 'object', additionalProperties: false, required: ['take'], properties: { take: TAKE } } as const
const WAIT_MS = { type: 'integer', minimum: 0, maximum: 60000 } as const

/** What `send` takes for a file: taken already, or to be taken now. */
export const FILES = {
  type: 'array',
  maxItems: ATTACHMENTS_MAX,
  items: { type: 'object', additionalProperties: false, properties: { take: TAKE, path: PATH, name: FILE_NAME, original: ORIGINAL } },
  description: 'Each a file that media.take has taken in, or the path of one, which is taken in now: then the answer may take a while.'
} as const

export const MEDIA_OPERATIONS = {
  'media.take': operation('Take a file in, to send it: it is looked at, encrypted and kept, until it is sent or dropped', {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: { path: PATH, name: FILE_NAME, original: ORIGINAL }
  }, ONE_TAKE),
  'media.taken': operation('How far a file is that is being taken in', { type: 'object', additionalProperties: false, required: ['take'], properties: { take: TAKE, waitMs: { ...WAIT_MS, description: 'Come back when it is done, or after this time.' } } }, {
    type: 'object',
    additionalProperties: false,
    required: ['isDone', 'bytesDone', 'bytes', 'notes'],
    properties: {
      isDone: { type: 'boolean' },
      bytesDone: { type: 'integer' },
      bytes: { type: 'integer', description: '0: not known yet.' },
      notes: { type: 'array', items: { type: 'string' }, description: 'What was removed from it, and what it may still tell.' },
      blobBytes: { type: 'integer', description: 'What is to be moved, once it is known.' }
    }
  }),
  'media.drop': operation('Forget a file that was taken in and not sent', ONE_TAKE, DONE),
  'media.offers': operation('What the relays of a contact would say to a file of so many bytes', { type: 'object', additionalProperties: false, required: ['to', 'bytes'], properties: { to: WHO, bytes: { type: 'integer', minimum: 0, description: 'Of the file.' } } }, {
    type: 'object',
    additionalProperties: false,
    required: ['blobBytes', 'relays'],
    properties: {
      blobBytes: { type: 'integer', description: 'What is to be moved: padded and encrypted.' },
      relays: {
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['relay', 'takesIt'],
          properties: {
            relay: { type: 'string', description: 'What it calls itself.' },
            takesIt: { type: 'boolean' },
            refusal: { enum: ['notOffered', 'tooLarge', 'quota', 'capacity', 'unreachable'] },
            bytesMax: { type: 'integer', description: 'What it would take at most.' },
            keepUntil: { ...INSTANT, description: 'Until when it would keep it.' }
          }
        }
      }
    }
  }),
  forward: operation('Send what a message says, and its files, to somebody else; nothing is uploaded again', { type: 'object', additionalProperties: false, required: ['id', 'to'], properties: { id: MESSAGE_ID, to: WHO } }, SENT),
  'media.get': operation('Fetch a file of a message and write it into a folder, under a name that is free there', {
    type: 'object',
    additionalProperties: false,
    required: ['id'],
    properties: { id: MESSAGE_ID, place: PLACE, folder: { ...PATH, description: 'Absolute; made when it is missing. Default: `downloads` in the home.' }, waitMs: { ...WAIT_MS, description: 'Come back when it is written, or after this time with how far it is.' } }
  }, {
    type: 'object',
    additionalProperties: false,
    required: ['attachment', 'isDone'],
    properties: {
      attachment: ATTACHMENT_VIEW,
      isDone: { type: 'boolean' },
      path: { type: 'string' },
      bytes: { type: 'integer' },
      sha256: { type: 'string', description: 'Of the file, hexadecimal; it was compared.' }
    }
  }),
  'media.list': operation('Files of messages, the newest first, and what they take on the disk', { type: 'object', additionalProperties: false, properties: { with: WHO, limit: { type: 'integer', minimum: 1, maximum: 1000 } } }, {
    type: 'object',
    additionalProperties: false,
    required: ['files', 'hasMore', 'bytesHeld', 'bytesMax'],
    properties: {
      files: {
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['message', 'with', 'isOwn', 'at', 'attachment'],
          properties: { message: { type: 'string' }, with: { type: 'string', description: 'Label of the contact.' }, isOwn: { type: 'boolean' }, at: INSTANT, attachment: ATTACHMENT_VIEW }
        }
      },
      hasMore: { type: 'boolean' },
      bytesHeld: { type: 'integer', description: 'All blobs on the disk.' },
      bytesMax: { type: 'integer', description: 'Beyond it those that were not used for the longest are let go.' }
    }
  }),
  'media.gc': operation('Let go of files on the disk that are not needed: beyond the limit of the cache, or all of them', {
    type: 'object',
    additionalProperties: false,
    properties: { dryRun: { type: 'boolean', description: 'Only say what would be let go.' }, all: { type: 'boolean', description: 'All that can be fetched again and is not pinned.' } }
  }, {
    type: 'object',
    additionalProperties: false,
    required: ['files', 'bytes', 'bytesHeld'],
    properties: { files: { type: 'integer' }, bytes: { type: 'integer', description: 'Let go, or what would be.' }, bytesHeld: { type: 'integer', description: 'Left afterwards.' }, cids: { type: 'array', items: { type: 'string' } } }
  }),
  'media.pin': operation('Keep the files of a message on the disk, whatever the limit; or not any more', { type: 'object', additionalProperties: false, required: ['id', 'isPinned'], properties: { id: MESSAGE_ID, isPinned: { type: 'boolean' } } },
    { type: 'object', additionalProperties: false, required: ['files'], properties: { files: { type: 'integer' } } })
} as const
