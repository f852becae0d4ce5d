/** `skein media …` and `skein forward`: files of messages fetched, listed, kept and sent on. */
import { resolve } from 'node:path'
import { NotFoundError, TimeoutError } from '../../protocols/core/errors.ts'
import { sizeText } from '../../protocols/core/quantity.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import type { Result } from '../../protocols/local/operations.ts'
import { counted, shortTime } from '../chat/words.ts'
import type { Invocation } from '../command.ts'
import { READ_LIMIT_MAX } from '../config.ts'
import { UnfinishedError } from '../failure.ts'
import { attachmentLine, Rate } from '../media.ts'
import { parseDuration } from '../time.ts'
import { shownIdLength } from '../words.ts'

/** How long one question for a file lasts: also how often the line of progress changes. */
const LOOK_MS = 500
const PART_BYTES = 1024 * 1024

type Got = Required<Pick<Result<'media.get'>, 'path' | 'bytes' | 'sha256'>>

export async function get (invocation: Invocation): Promise<void> {
  const { arguments: [id = ''], flags, session, settings, output } = invocation
  const out = flags.text('out')
  const { message } = await session.api.call('message.show', { id })
  const count = message.attachments?.length ?? 0
  if (count === 0) throw new NotFoundError('there are no files with this message')
  const place = flags.count('place', { min: 1, max: count })
  const untilMs = Date.now() + parseDuration(flags.text('timeout') ?? settings.text('timeout'), '--timeout')
  const files: Got[] = []
  for (const each of place === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [place]) {
    files.push(await fetched({ id: message.id, place: each, ...out !== undefined && { folder: resolve(out) } }, untilMs, invocation))
    await output.line(files.at(-1)?.path ?? '')
  }
  if (output.isJson) await output.result({ ...files[0], files }, '')
}

interface Wanted { readonly id: string, readonly place: number, readonly folder?: string }

/** A transfer that goes on is waited for, whatever the time: the limit is for one on which nothing moves. */
async function fetched (wanted: Wanted, untilMs: number, { session, output, settings, flags }: Invocation): Promise<Got> {
  const rate = new Rate(Date.now())
  const patienceMs = parseDuration(flags.text('timeout') ?? settings.text('timeout'), '--timeout')
  let heldBefore = 0
  let lateAtMs = untilMs
  for (;;) {
    const { isDone, attachment, path, bytes, sha256 } = await session.api.call('media.get', { ...wanted, waitMs: LOOK_MS })
    if (isDone && path !== undefined && bytes !== undefined && sha256 !== undefined) {
      output.progress('')
      return { path, bytes, sha256 }
    }
    const { partsHeld, parts, name, detail } = attachment
    if (partsHeld > heldBefore) lateAtMs = Date.now() + patienceMs
    heldBefore = partsHeld
    output.progress(rate.line(`Fetching ${displaySafe(name)}`, { bytesDone: partsHeld * PART_BYTES, bytes: parts * PART_BYTES }, Date.now()))
    if (Date.now() < lateAtMs) continue
    output.progress('')
    const why = detail === undefined ? '' : `: ${displaySafe(detail)}`
    throw new UnfinishedError(new TimeoutError(`the file is not here yet, ${partsHeld} of ${parts} parts${why}`, 'It goes on by itself. Look again later: skein media list'), { attachment })
  }
}

export async function list ({ flags, session, output }: Invocation): Promise<void> {
  const who = flags.text('with')
  const limit = flags.count('limit', { min: 1, max: READ_LIMIT_MAX })
  const result = await session.api.call('media.list', { ...who !== undefined && { with: who }, ...limit !== undefined && { limit } })
  const idLength = shownIdLength(result.files.map(({ message }) => message))
  const lines = result.files.map(({ message, isOwn, at, with: label, attachment }) =>
    `${output.look.dim(message.slice(0, idLength))}  ${output.look.dim(shortTime(Date.parse(at), output.look.nowMs))}  ${isOwn ? 'to' : 'from'} ${displaySafe(label)}  ${attachmentLine(attachment, isOwn)}`)
  await output.result(result, [...lines, `${sizeText(result.bytesHeld)} of files on this computer, at most ${sizeText(result.bytesMax)}.`].join('\n'))
  if (result.hasMore) output.note('There are more: --limit')
}

export async function gc ({ flags, session, output }: Invocation): Promise<void> {
  const isDry = flags.isOn('dryRun')
  const result = await session.api.call('media.gc', { dryRun: isDry, all: flags.isOn('all') })
  const what = `${counted(result.files, 'file')}, ${sizeText(result.bytes)}`
  await output.result(result, result.files === 0 ? 'Nothing is to be let go.' : isDry ? `Would let go of ${what}.` : `Let go of ${what}; they can be fetched again as long as somebody has them.`)
}

export async function pin (invocation: Invocation): Promise<void> { await setPin(invocation, true) }

export async function unpin (invocation: Invocation): Promise<void> { await setPin(invocation, false) }

async function setPin ({ arguments: [id = ''], session, output }: Invocation, isPinned: boolean): Promise<void> {
  const result = await session.api.call('media.pin', { id, isPinned })
  await output.result(result, `${counted(result.files, 'file')} ${isPinned ? 'stay on this computer, once here' : 'may be let go when room is needed'}.`)
}

export async function forward ({ arguments: [id = '', to = ''], session, output }: Invocation): Promise<void> {
  const result = await session.api.call('forward', { id, to })
  await output.result(result, result.id)
}
