/** Files in words: what a line about one says, and what progress says. */
import assert from 'node:assert/strict'
import { attachmentLine, mediaFrom, Rate } from '../../cli/media.ts'
import { loadSettings } from '../../cli/config.ts'
import { conversationLines } from '../../cli/words.ts'
import { lookOf } from '../../cli/look.ts'
import { bodyText } from '../../cli/chat/paint/message.ts'
import type { AttachmentView, MessageView } from '../../protocols/local/schema.ts'

const PHOTO: AttachmentView = { cid: 'bafk', name: 'photo.jpg', bytes: 3_200_000, type: 'image/jpeg', state: 'waiting', parts: 4, partsHeld: 0, isPinned: false, width: 4032, height: 3024 }
const LOOK = lookOf({ color: 'never', isTerminal: false, columns: 80, environment: { LANG: 'C.UTF-8' }, nowMs: Date.parse('2026-11-25T12:00:00Z') })
const MESSAGE: MessageView = { id: '01M88DK0VTEVFA45W901CZ4YXR', with: 'b', from: 'b', fromLabel: 'Bob', isOwn: false, kind: 'media', text: 'From the ferry', state: 'read', sentAt: '2026-11-25T11:00:00Z', receivedAt: '2026-11-25T11:00:00Z', edited: false, deleted: false, replyTo: null, reactions: [], isAfterGap: false, attachments: [PHOTO] }

describe('a file in words', () => {
  const theirs: ReadonlyArray<readonly [Partial<AttachmentView>, string]> = [
    [{}, 'not fetched'],
    [{ state: 'fetching', partsHeld: 3 }, '3 of 4 parts'],
    [{ state: 'fetching', detail: 'nobody answers' }, '0 of 4 parts, nobody answers'],
    [{ state: 'here' }, 'here'],
    [{ state: 'here', isPinned: true }, 'here, pinned'],
    [{ state: 'gone', detail: 'the sender has it no longer' }, 'gone, the sender has it no longer']
  ]
  for (const [changes, words] of theirs) {
    it(`says of somebody else's: ${words}`, () => { assert.equal(attachmentLine({ ...PHOTO, ...changes }, false), `photo.jpg (image/jpeg, 4032 × 3024, 3.2 MB): ${words}`) })
  }

  const own: ReadonlyArray<readonly [Partial<AttachmentView>, string]> = [
    [{ state: 'here' }, 'waiting to be fetched'],
    [{ state: 'here', copies: 0, copiesOf: 2, partsStored: 3 }, '3 of 4 parts at relays'],
    [{ state: 'here', copies: 1, copiesOf: 2, keepUntil: '2026-12-25T00:00:00Z' }, 'at 1 of 2 relays until 25 December'],
    [{ state: 'here', copies: 0, copiesOf: 2, detail: 'it is full' }, 'at 0 of 2 relays, it is full'],
    [{ state: 'waiting' }, 'no longer here'],
    [{ state: 'waiting', copies: 2, copiesOf: 2, isFetched: true }, 'fetched']
  ]
  for (const [changes, words] of own) {
    it(`says of an own one: ${words}`, () => { assert.ok(attachmentLine({ ...PHOTO, ...changes }, true).endsWith(`): ${words}`), attachmentLine({ ...PHOTO, ...changes }, true)) })
  }

  it('never lets what others wrote act on a terminal', () => {
    const line = attachmentLine({ ...PHOTO, name: 'a\u001b[2Jb\u202e', type: 'x\u0007', state: 'fetching', detail: '\u009b1m' }, false)
    // eslint-disable-next-line no-control-regex -- controls are what is looked for
    assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u202e]/)
  })

  it('stands in a conversation under the text, or in place of it, and not after a deletion', () => {
    assert.match(conversationLines([MESSAGE], LOOK).join('\n'), /Bob {2}From the ferry\n +photo\.jpg \(.*\): not fetched {2}01M88DK0$/)
    assert.match(conversationLines([{ ...MESSAGE, text: '' }], LOOK).join('\n'), /Bob {2}photo\.jpg \(.*\): not fetched {2}01M88DK0$/)
    assert.doesNotMatch(conversationLines([{ ...MESSAGE, text: '', deleted: true, attachments: [] }], LOOK).join('\n'), /photo/)
    assert.equal(bodyText(MESSAGE), `From the ferry\n${attachmentLine(PHOTO, false)}`)
    assert.equal(bodyText({ ...MESSAGE, text: '' }), attachmentLine(PHOTO, false))
  })
})

describe('progress', () => {
  it('says how much, and after a moment how fast and how long still', () => {
    const rate = new Rate(0)
    assert.equal(rate.line('Encrypting a', { bytesDone: 1e6, bytes: 21e6 }, 0), 'Encrypting a  1.0 MB of 21.0 MB')
    assert.equal(rate.line('Encrypting a', { bytesDone: 11e6, bytes: 21e6 }, 2_000), 'Encrypting a  11.0 MB of 21.0 MB  5.0 MB/s  2 s left')
  })
})

describe('settings for files', () => {
  it('are sizes, choices and a folder, and begin with what suits most', async () => {
    const media = async (environment: Readonly<Record<string, string>>): Promise<ReturnType<typeof mediaFrom>> => mediaFrom(await loadSettings('/nonexistent', environment), path => `/home/${path}`)
    assert.deepEqual(await media({}), { cacheBytesMax: 10_000_000_000, autoBytesMax: 32 * 2 ** 20, isVerifiedOnly: false, isMetered: false })
    assert.deepEqual(await media({ SKEIN_MEDIA_FOLDER: 'got', SKEIN_MEDIA_CACHE: '1.5GiB', SKEIN_MEDIA_AUTO: '0', SKEIN_MEDIA_FROM: 'verified', SKEIN_MEDIA_METERED: 'on' }),
      { folder: '/home/got', cacheBytesMax: 1.5 * 2 ** 30, autoBytesMax: 0, isVerifiedOnly: true, isMetered: true })
    await assert.rejects(media({ SKEIN_MEDIA_CACHE: 'much' }), { name: 'UsageError', message: /size such as 500MB/ })
  })
})
