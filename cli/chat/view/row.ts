/** One row of the screen in Ink. */
import { Box, Text } from 'ink'
import { createElement as h, memo, type ReactElement } from 'react'
import type { Row, Span, Tone } from '../paint/row.ts'

export interface RowProps {
  readonly row: Row
  readonly isColoured: boolean
}

interface Look { readonly color?: string, readonly bold?: boolean, readonly dimColor?: boolean, readonly inverse?: boolean }

/** Orchil means you, now, and act here; red failed; amber needs you. */
const COLOURED: Readonly<Record<Tone, Look>> = {
  plain: {},
  bold: { bold: true },
  dim: { dimColor: true },
  accent: { color: 'magenta' },
  warn: { color: 'yellow' },
  danger: { color: 'red' },
  chosen: { inverse: true }
}

const UNCOLOURED: Readonly<Record<Tone, Look>> = { ...COLOURED, accent: { bold: true }, warn: { bold: true }, danger: { bold: true } }

/** Rows that did not change are not laid out again. */
export const RowLine = memo(rowLine, (before, after) => before.isColoured === after.isColoured && isSame(before.row, after.row))

function rowLine ({ row, isColoured }: RowProps): ReactElement {
  const looks = isColoured ? COLOURED : UNCOLOURED
  return h(Box, { flexShrink: 0 }, ...runs(row).map((run, index) => h(Text, { key: index, wrap: 'truncate' }, ...run.map((part, place) => h(Text, { key: place, ...looks[part.tone] }, part.text)))))
}

/**
 * Ink measures every text for every frame, and one border makes it look up each letter beside it among all emoji: on a
 * large screen that took most of a key press. ASCII of its own is only counted.
 */
function runs (row: Row): Span[][] {
  const made: Span[][] = []
  let wasAscii: boolean | undefined
  for (const part of row) {
    if (part.text === '') continue
    const isAscii = /^[\u0020-\u007e]*$/.test(part.text)
    if (isAscii === wasAscii) made.at(-1)?.push(part)
    else made.push([part])
    wasAscii = isAscii
  }
  return made
}

function isSame (before: Row, after: Row): boolean {
  return before.length === after.length && before.every((part, index) => part.text === after[index]?.text && part.tone === after[index].tone)
}
