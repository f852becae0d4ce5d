/** A QR code in a terminal: ink on white, whatever the colours of the terminal are. */
import { encode } from 'uqr'
import type { Output } from './output.ts'

/** Modules of white around the code: scanners are owed four (ISO/IEC 18004, "quiet zone") and take less. */
const QUIET_ZONES = [4, 3, 2]
const INK_ON_WHITE = '\u001b[38;2;0;0;0;48;2;255;255;255m'
const RESET = '\u001b[0m'

/** The lines to print. Two modules share a character, one above the other, so that modules are square. */
export function codeLines (text: string, { look, isTerminal }: Pick<Output, 'look' | 'isTerminal'>): readonly string[] {
  const rows = modulesOf(text, look.columns)
  const hasColor = isTerminal && look.hasColor
  if (look.isAscii) return rows.map(row => row.map(isInk => hasColor ? `\u001b[48;2;${isInk ? '0;0;0' : '255;255;255'}m  ` : isInk ? '  ' : '##').join('') + (hasColor ? RESET : ''))
  const pairs = Array.from({ length: Math.ceil(rows.length / 2) }, (_, index) => [rows[index * 2] ?? [], rows[index * 2 + 1] ?? []] as const)
  // Without colours the ground is taken to be dark, as most are, and white is drawn; on a light one scanners see it inverted.
  return pairs.map(([upper, lower]) => {
    const blocks = upper.map((isInk, column) => block(isInk === hasColor, (lower[column] ?? false) === hasColor)).join('')
    return hasColor ? `${INK_ON_WHITE}${blocks}${RESET}` : blocks
  })
}

/** A screen is clean and flat: the least correction is enough, and keeps a long link within the width of a terminal. */
function modulesOf (text: string, columns: number): readonly boolean[][] {
  const { size } = encode(text, { ecc: 'L', border: 0 })
  const border = QUIET_ZONES.find(modules => size + 2 * modules <= columns) ?? QUIET_ZONES.at(-1) ?? 0
  return encode(text, { ecc: 'L', border }).data
}

function block (isUpperDrawn: boolean, isLowerDrawn: boolean): string {
  if (isUpperDrawn) return isLowerDrawn ? '█' : '▀'
  return isLowerDrawn ? '▄' : ' '
}
