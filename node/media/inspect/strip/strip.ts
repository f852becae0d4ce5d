/** Which walk makes a copy of which type, and what is said of those that have none. */
import { open, rm } from 'node:fs/promises'
import { MalformedError } from '../../../../protocols/core/errors.ts'
import type { StripResult } from '../inspection.ts'
import { planFilm } from './film.ts'
import { planGif } from './gif.ts'
import { planJpeg } from './jpeg.ts'
import { planMatroska } from './matroska.ts'
import { Plan } from './plan.ts'
import { planPng } from './png.ts'
import { refusal } from './refusal.ts'
import { Source } from './source.ts'
import { planWebp } from './webp.ts'

type Walk = (source: Source, plan: Plan) => Promise<void>

const WALKS: ReadonlyArray<readonly [RegExp, Walk]> = [
  [/^image\/jpeg$/, planJpeg],
  [/^image\/a?png$/, planPng],
  [/^image\/webp$/, planWebp],
  [/^image\/gif$/, planGif],
  [/^(image\/(heic|heif|avif)(-sequence)?|video\/(mp4|quicktime|x-m4v|3gpp2?)|audio\/(mp4|x-m4a|x-m4b))$/, planFilm],
  [/^(video|audio)\/(x-)?(matroska|webm)$/, planMatroska]
]
/** Pictures that have no place for metadata. */
const BARE = new Set(['image/bmp', 'image/x-portable-pixmap'])

const MAY_CARRY: ReadonlyArray<readonly [RegExp, string]> = [
  [/^video\//, 'It may tell where and when it was taken, and with what.'],
  [/^audio\//, 'It may carry a title, names, a cover picture and comments.'],
  [/^application\/(pdf|epub|.*(office|opendocument|msword|ms-|xml|rtf|zip|cfb))/, 'It may name its author, tell when it was written, and contain pictures with metadata of their own.']
]

export async function strip (type: string, path: string, outPath: string): Promise<StripResult> {
  const walk = WALKS.find(([pattern]) => pattern.test(type))?.[1]
  if (walk !== undefined) return await copyWithout(walk, { type, path, outPath })
  if (BARE.has(type)) return { at: 'clean', type }
  if (type.startsWith('image/')) return refusal(type, 'format')
  return { at: 'kept', type, mayCarry: MAY_CARRY.find(([pattern]) => pattern.test(type))?.[1] }
}

async function copyWithout (walk: Walk, { type, path, outPath }: { readonly type: string, readonly path: string, readonly outPath: string }): Promise<StripResult> {
  await using from = await open(path, 'r')
  const plan = new Plan()
  try {
    await walk(new Source(from, (await from.stat()).size), plan)
  } catch (thrown) {
    // A number is read where a structure has ended already.
    if (thrown instanceof MalformedError || thrown instanceof RangeError) return refusal(type, 'damaged')
    throw thrown
  }
  if (plan.removed.size === 0) return { at: 'clean', type }
  const to = await open(outPath, 'wx', 0o600)
  try {
    await plan.copy(from, to)
    return { at: 'stripped', type, removed: [...plan.removed], bytes: plan.bytes }
  } catch (thrown) {
    await rm(outPath, { force: true })
    throw thrown
  } finally {
    await to.close()
  }
}
