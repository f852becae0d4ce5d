import type { FuzzTarget } from './targets.ts'
import { contentId } from '../../protocols/core/ids.ts'
import type { Stamp, WritableBody } from '../../protocols/message/content.ts'
import { decodePack, encodePack } from '../../protocols/message/wire.ts'
import { smallAttachment } from '../protocols/message/arbitraries.ts'

const id = (value: number) => contentId(new Uint8Array(16).fill(value))

const reach = { aliasSecret: new Uint8Array(32).fill(3), recordKey: new Uint8Array(32).fill(4), readKey: new Uint8Array(32).fill(5), statement: { payload: new Uint8Array(90).fill(1), signature: new Uint8Array(64).fill(2) } }
const stamp: Stamp = { id: id(1), counter: 7, hlcUs: 1_763_950_000_000_000, parents: [id(2), id(3)], sentAtMs: 1_763_950_000_000 }
const attachment = smallAttachment()
const bodies: readonly WritableBody[] = [
  { type: 'text', text: 'Leaving now, the 14:50 bus', replyTo: id(4) },
  { type: 'edit', target: id(4), text: 'Grüße 🦢' },
  { type: 'deletion', target: id(4) },
  { type: 'reaction', target: id(4), emoji: '👍🏽' },
  { type: 'receipt', kind: 'read', ids: [id(4), id(5)] },
  { type: 'request', name: 'Ana', text: 'From the ferry', addresses: ['/ip4/192.0.2.7/tcp/4100'], token: new Uint8Array(16).fill(9), reach },
  { type: 'accept', name: 'Bob', addresses: ['/dns4/bob.example/tcp/4100'] },
  { type: 'profile', name: 'Ana B.', addresses: [], versionMs: 1_763_950_000_000, reach },
  { type: 'media', text: 'From the ferry', replyTo: id(4), attachments: [attachment, { ...attachment, thumbnail: new Uint8Array(40), thumbhash: new Uint8Array(25), width: 4032, height: 3024, durationMs: 4_200, isVoice: true, keepUntilMs: 1_766_542_000_000, holders: ['/ip4/192.0.2.9/tcp/4780/p2p/Q'] }] },
  { type: 'blobNotice', root: attachment.root, kind: 'missing' }
]
const contents = bodies.map(body => ({ ...stamp, ...body }))
const senderStatement = { epoch: 1, seq: 3, hash: new Uint8Array(32).fill(7) }

export const messageTargets: readonly FuzzTarget[] = [{
  name: 'message/Pack',
  decode: decodePack,
  seeds: [encodePack({ contents, senderStatement }), ...contents.map(content => encodePack({ contents: [content], senderStatement }))]
}]
