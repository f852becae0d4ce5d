/** Files on the command line: how a node is to keep them, how one is shown, and how far one is. */
import { displaySafe } from '../protocols/core/text.ts'
import { parseSize, sizeText } from '../protocols/core/quantity.ts'
import type { AttachmentView } from '../protocols/local/schema.ts'
import type { MediaConfig } from '../node/node.ts'
import type { Settings } from './config.ts'
import { dateText, durationText } from './time.ts'

export function mediaFrom (settings: Settings, folderOf: (path: string) => string): MediaConfig {
  const folder = settings.text('media.folder')
  return {
    ...folder !== '' && { folder: folderOf(folder) },
    cacheBytesMax: parseSize(settings.text('media.cache')) ?? 0,
    autoBytesMax: parseSize(settings.text('media.auto')) ?? 0,
    isVerifiedOnly: settings.text('media.from') === 'verified',
    isMetered: settings.text('media.metered') === 'on'
  }
}

/** `photo.jpg (image/jpeg, 4032 × 3024, 3.2 MB): here`. */
export function attachmentLine (attachment: AttachmentView, isOwn: boolean): string {
  const { name, type, bytes, width, height, durationMs } = attachment
  const facts = [
    displaySafe(type),
    ...width !== undefined && height !== undefined ? [`${width} × ${height}`] : [],
    ...durationMs === undefined ? [] : [durationText(durationMs)],
    sizeText(bytes)
  ]
  return `${displaySafe(name)} (${facts.join(', ')}): ${isOwn ? ownStateWords(attachment) : stateWords(attachment)}`
}

/** Where a file of somebody else's is. */
function stateWords ({ state, parts, partsHeld, detail, isPinned }: AttachmentView): string {
  switch (state) {
    case 'waiting': return 'not fetched'
    case 'fetching': return `${partsHeld} of ${parts} parts${detail === undefined ? '' : `, ${displaySafe(detail)}`}`
    case 'here': return isPinned ? 'here, pinned' : 'here'
    case 'gone': return detail === undefined ? 'gone' : `gone, ${displaySafe(detail)}`
  }
}

/** Where an own one is for its recipient. */
function ownStateWords ({ state, parts, partsStored = 0, copies, copiesOf, keepUntil, isFetched, detail }: AttachmentView): string {
  if (isFetched === true) return 'fetched'
  const until = keepUntil === undefined ? '' : ` until ${dateText(Date.parse(keepUntil))}`
  const stored = copies === undefined || copiesOf === undefined ? undefined : `at ${copies} of ${copiesOf} relays${until}`
  if (state !== 'here') return stored === undefined ? 'no longer here' : `${stored}, no longer here`
  if (copies === 0 && partsStored > 0) return `${partsStored} of ${parts} parts at relays`
  return (stored ?? 'waiting to be fetched') + (detail === undefined ? '' : `, ${displaySafe(detail)}`)
}

/** A line of progress: how much, how fast, how long still. */
export class Rate {
  readonly #startedAtMs: number
  #firstBytes: number | undefined

  constructor (nowMs: number) {
    this.#startedAtMs = nowMs
  }

  line (what: string, { bytesDone, bytes }: { readonly bytesDone: number, readonly bytes: number }, nowMs: number): string {
    // What was there before we looked tells nothing of the speed.
    this.#firstBytes ??= bytesDone
    const seconds = (nowMs - this.#startedAtMs) / 1_000
    const perSecond = seconds > 0.5 ? (bytesDone - this.#firstBytes) / seconds : 0
    const speed = perSecond > 0 ? `  ${sizeText(perSecond)}/s  ${durationText(Math.max(0, bytes - bytesDone) / perSecond * 1_000)} left` : ''
    return `${what}  ${sizeText(bytesDone)} of ${sizeText(bytes)}${speed}`
  }
}
