/** The files of `skein send`: taken in by the node one after the other, with what their relays say to them; nothing remains of what is not sent. */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { sizeText } from '../../protocols/core/quantity.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import { StorageError, TimeoutError, UsageError } from '../../protocols/core/errors.ts'
import type { Result } from '../../protocols/local/operations.ts'
import { displayFileName } from '../../protocols/media/names.ts'
import type { AttachmentView } from '../../protocols/local/schema.ts'
import type { Invocation } from '../command.ts'
import { UnfinishedError } from '../failure.ts'
import { Rate } from '../media.ts'
import type { Output } from '../output.ts'
import type { Session } from '../session.ts'
import { dateText } from '../time.ts'

/** How long one question for the progress lasts: also how often the line of it changes. */
const LOOK_MS = 500
const NAMELESS = 'stdin'
const PART_BYTES = 1024 * 1024

type Given = Pick<Invocation, 'flags' | 'home' | 'session' | 'output'> & { readonly to: string }

/** What the message is sent with; call `drop` when it is not. It never fails: a node that is gone keeps nothing that was not sent. */
export interface TakenIn {
  readonly takes: ReadonlyArray<{ readonly take: string }>
  readonly drop: () => Promise<void>
}

/** @throws UsageError for options that do not fit together, and whatever is wrong with a file */
export async function takeFiles ({ flags, home, session, output, to }: Given): Promise<TakenIn> {
  const paths = flags.list('file')
  const name = flags.text('name')
  if (name !== undefined && paths.length !== 1) throw new UsageError('--name names one file', 'Send the others by themselves.')
  if (paths.filter(path => path === '-').length > 1) throw new UsageError('standard input is one file')
  // A node that has to be started begins with an empty spool: before anything is put there.
  if (paths.includes('-')) await session.api.call('status', {})
  const taken: string[] = []
  const drop = async (): Promise<void> => { for (const take of taken) await session.undo('media.drop', { take }).catch(() => undefined) }
  try {
    for (const path of paths) {
      const source = path === '-' ? await spooled(home) : { path: resolve(path), close: async () => {} }
      try {
        const { take } = await session.api.call('media.take', { path: source.path, ...nameOf(path, name), ...flags.isOn('original') && { original: true } })
        taken.push(take)
        await untilTaken(take, { name: path === '-' ? name ?? NAMELESS : basename(path), session, output })
      } finally {
        await source.close()
      }
    }
    if (paths.length > 0) await tellOffers(taken, { session, output, to })
    return { takes: taken.map(take => ({ take })), drop }
  } catch (thrown) {
    await drop()
    throw thrown
  }
}

function nameOf (path: string, name: string | undefined): { readonly name?: string } {
  return name === undefined ? path === '-' ? { name: NAMELESS } : {} : { name }
}

/** Standard input as a file that the node can read, for as long as it takes. */
async function spooled (home: string): Promise<{ readonly path: string, readonly close: () => Promise<void> }> {
  const folder = join(home, 'spool')
  const path = join(folder, `stdin-${randomUUID()}`)
  const close = async (): Promise<void> => { await rm(path, { force: true }) }
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await pipeline(process.stdin, createWriteStream(path, { flags: 'wx', mode: 0o600 }))
    return { path, close }
  } catch (thrown) {
    await close()
    throw new StorageError('standard input cannot be kept in the home directory', 'Nothing was sent. Is there room on the disk?', thrown)
  }
}

interface Taking { readonly name: string, readonly session: Session, readonly output: Output }

async function untilTaken (take: string, { name, session, output }: Taking): Promise<void> {
  const rate = new Rate(Date.now())
  for (;;) {
    const progress = await session.api.call('media.taken', { take, waitMs: LOOK_MS })
    if (progress.isDone) {
      output.progress('')
      for (const note of progress.notes) output.note(`${displayFileName(name)}: ${displaySafe(note)}`)
      return
    }
    output.progress(progress.bytes === 0 ? `Looking at ${displayFileName(name)}` : rate.line(`Encrypting ${displayFileName(name)}`, progress, Date.now()))
  }
}

/** What the relays of the recipient say to the largest file, before anything is brought to them. */
async function tellOffers (takes: readonly string[], { session, output, to }: Pick<Given, 'session' | 'output' | 'to'>): Promise<void> {
  let largest = 0
  for (const take of takes) largest = Math.max(largest, (await session.api.call('media.taken', { take })).bytes)
  const { relays, blobBytes } = await session.api.call('media.offers', { to, bytes: largest })
  for (const relay of relays) output.note(offerText(relay, blobBytes))
}

type Offer = Result<'media.offers'>['relays'][number]

function offerText ({ relay, takesIt, refusal, bytesMax, keepUntil }: Offer, blobBytes: number): string {
  const name = displaySafe(relay)
  if (takesIt) return `${name} would keep it${keepUntil === undefined ? '' : ` until ${dateText(Date.parse(keepUntil))}`}${bytesMax === undefined ? '' : `, and takes up to ${sizeText(bytesMax)}`}.`
  const limit = bytesMax === undefined ? '' : `: ${sizeText(bytesMax)} at most, and this is ${sizeText(blobBytes)}`
  switch (refusal) {
    case 'notOffered': return `${name} keeps no files.`
    case 'tooLarge': return `${name} does not take files of this size${limit}.`
    case 'quota': return `${name} has no room left for the recipient${limit}.`
    case 'capacity': return `${name} is full now; it is asked again.`
    case 'unreachable':
    case undefined: break
  }
  return `${name} does not answer now; it is asked again.`
}

interface Leaving { readonly id: string, readonly timeoutMs: number, readonly session: Session, readonly output: Output }

/**
 * Waits until the files of a message are where its recipient gets them: at enough relays, or there. The limit of time is for a transfer on which
 * nothing moves.
 * @throws UnfinishedError
 */
export async function untilStored ({ id, timeoutMs, session, output }: Leaving): Promise<void> {
  const rate = new Rate(Date.now())
  let lateAtMs = Date.now() + timeoutMs
  let before = 0
  for (;;) {
    const { message: { attachments = [] } } = await session.api.call('message.show', { id })
    const open = attachments.filter(attachment => !isStored(attachment))
    if (open.length === 0) { output.progress(''); return }
    const parts = attachments.reduce((sum, attachment) => sum + attachment.parts, 0)
    const stored = attachments.reduce((sum, attachment) => sum + (isStored(attachment) ? attachment.parts : attachment.partsStored ?? 0), 0)
    if (stored > before) lateAtMs = Date.now() + timeoutMs
    before = stored
    output.progress(rate.line('Uploading', { bytesDone: stored * PART_BYTES, bytes: parts * PART_BYTES }, Date.now()))
    if (Date.now() > lateAtMs) {
      output.progress('')
      throw new UnfinishedError(new TimeoutError(`the message is stored, but ${open.length === 1 ? 'a file is' : 'files are'} not, ${stored} of ${parts} parts${whyOf(open)}`, `It is safe here and goes on by itself. See where it is: skein msg trace ${id}`), { id, attachments })
    }
    await session.api.call('events.page', { after: 'now', waitMs: LOOK_MS })
  }
}

function whyOf (open: readonly AttachmentView[]): string {
  const detail = open.find(attachment => attachment.detail !== undefined)?.detail
  return detail === undefined ? '' : `: ${displaySafe(detail)}`
}

/** Where there is no relay, nothing can be stored: it is fetched from here. */
function isStored ({ copies = 0, copiesOf = 0, copiesEnough = 1, isFetched }: AttachmentView): boolean {
  return isFetched === true || copiesOf === 0 || copies >= copiesEnough
}
