/** How long sound and film last, how large a film is, and whether it sounds like a voice note; the door to music-metadata. Runs in the child. */
import { parseFile } from 'music-metadata'
import type { IAudioMetadata } from 'music-metadata'
import { DURATION_MS_MAX } from './film-header.ts'
import type { Inspection } from './inspection.ts'

type Recording = Pick<Inspection, 'type' | 'durationMs' | 'width' | 'height' | 'isVoice' | 'trouble'>

/** Some formats tell how long they are only by all of their frames: so much is read for that. */
const WHOLE_BYTES_MAX = 64 * 1024 * 1024
const SIDE_MAX = 65_535

export async function recordingOf (path: string, { type, bytes }: Pick<Inspection, 'type' | 'bytes'>): Promise<Recording> {
  try {
    const metadata = await parseFile(path, { duration: bytes <= WHOLE_BYTES_MAX, skipCovers: true })
    const durationMs = Math.round((metadata.format.duration ?? 0) * 1_000)
    return { ...sizeOf(metadata), type: heard(metadata, type), durationMs: durationMs > 0 && durationMs <= DURATION_MS_MAX ? durationMs : 0, isVoice: isVoice(metadata) }
  } catch {
    // It throws whatever its parsers throw at what is damaged.
    return { type, width: 0, height: 0, durationMs: 0, isVoice: false, trouble: 'undecodable' }
  }
}

function sizeOf ({ format }: IAudioMetadata): { readonly width: number, readonly height: number } {
  const video = format.trackInfo.find(track => track.video !== undefined)?.video
  // Matroska may give a ratio in place of a size, and then says so.
  const isSize = (video?.displayUnit ?? 0) === 0
  const width = (isSize ? video?.displayWidth : undefined) ?? video?.pixelWidth ?? 0
  const height = (isSize ? video?.displayHeight : undefined) ?? video?.pixelHeight ?? 0
  return [width, height].every(side => Number.isInteger(side) && side > 0 && side <= SIDE_MAX) ? { width, height } : { width: 0, height: 0 }
}

/** MP4, Matroska and Ogg hold sound alone, too, and do not say so where a type is looked for. */
function heard ({ format }: IAudioMetadata, type: string): string {
  return format.hasVideo === false && format.hasAudio === true ? type.replace(/^(video|application)\//, 'audio/').replace(/quicktime$/, 'mp4') : type
}

function isVoice ({ format, common }: IAudioMetadata): boolean {
  return format.container === 'Ogg' && format.codec === 'Opus' && format.numberOfChannels === 1 && common.title === undefined && common.artist === undefined
}
