/** Times of the relay's own place on earth, as its operator reads them. */

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })

/** `4 Dec` */
export function dayText (atMs: number): string { return DAY.format(atMs) }

/** `23:12` */
export function clockText (atMs: number): string { return CLOCK.format(atMs) }
