/** What is wrong with a clock or a line, in words. */
import { durationText } from '../cli/time.ts'

/** `1 h slow` */
export function skewText (skewMs: number): string { return `${durationText(Math.abs(skewMs))} ${skewMs < 0 ? 'slow' : 'fast'}` }

/** `80 ms ± 40 ms, 2000 kbit/s` */
export function linkText ({ delayMs, jitterMs, bytesPerSecond }: { readonly delayMs: number, readonly jitterMs: number, readonly bytesPerSecond: number | undefined | null }): string {
  return `${delayMs} ms ± ${jitterMs} ms${bytesPerSecond === undefined || bytesPerSecond === null ? '' : `, ${(bytesPerSecond * 8 / 1000).toFixed(0)} kbit/s`}`
}
