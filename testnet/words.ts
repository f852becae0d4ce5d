/** What is wrong with a clock or a line, in words. */
import { durationText } from '../cli/time.ts'

/** `1 h slow` */
export function skewText (skewMs: number): string { return `${durationText(Math.abs(skewMs))} ${skewMs < 0 ? 'slow' : 'fast'}` }

/** `80 ms ± 40 ms, 2000 kbit/s, 5 % lost`. @param loss a share */
export function linkText ({ delayMs, jitterMs, bytesPerSecond, loss = 0 }: { readonly delayMs: number, readonly jitterMs: number, readonly bytesPerSecond: number | undefined | null, readonly loss?: number | undefined }): string {
  return `${delayMs} ms ± ${jitterMs} ms${bytesPerSecond === undefined || bytesPerSecond === null ? '' : `, ${(bytesPerSecond * 8 / 1000).toFixed(0)} kbit/s`}${loss === 0 ? '' : `, ${Number((loss * 100).toFixed(4))} % lost`}`
}
