/** How text looks on this terminal: colour only where it is wanted, signs that the locale can show. */

export interface Look {
  readonly isAscii: boolean
  readonly hasColor: boolean
  /** Columns of the terminal; 80 when there is none. */
  readonly columns: number
  readonly nowMs: number
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  /** You, now, and act here. */
  readonly accent: (text: string) => string
  readonly warn: (text: string) => string
  readonly danger: (text: string) => string
}

export type ColorWish = 'auto' | 'always' | 'never'

export interface LookOptions {
  readonly color: ColorWish
  readonly isTerminal: boolean
  readonly columns: number | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly nowMs: number
}

const COLUMNS_DEFAULT = 80

export function lookOf ({ color, isTerminal, columns, environment, nowMs }: LookOptions): Look {
  // no-color.org: set to anything but the empty text. `--color always` and the like are a wish that is newer than it.
  const isRefused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb'
  const hasColor = color === 'always' || (color === 'auto' && isTerminal && !isRefused)
  const painted = (code: string) => (text: string) => hasColor && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text
  return {
    isAscii: !isUtf8(environment),
    hasColor,
    columns: columns ?? COLUMNS_DEFAULT,
    nowMs,
    bold: painted('1'),
    dim: painted('2'),
    // Magenta is the nearest of the sixteen colours to orchil.
    accent: painted('35'),
    warn: painted('33'),
    danger: painted('31')
  }
}

/** The first of these variables that is set decides (POSIX, "Internationalization Variables"). */
function isUtf8 (environment: LookOptions['environment']): boolean {
  const locale = ['LC_ALL', 'LC_CTYPE', 'LANG'].map(name => environment[name] ?? '').find(value => value !== '')
  return /utf-?8/i.test(locale ?? '')
}
