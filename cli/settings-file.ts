/** One setting written into the text of a TOML file; comments, order and everything else stay as they are. */
import type { SettingName, SettingValue } from './config.ts'

/** The text with `name = value`: in the line that has it, else as a dotted key before the first table. */
export function withSetting (text: string, name: SettingName, value: SettingValue): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const firstTable = lines.findIndex(line => /^\s*\[/.test(line))
  const found = lineOf(lines, name)
  const written = `${found?.key ?? name} = ${valueText(value)}`
  if (found === undefined) lines.splice(firstTable === -1 ? lines.length : firstTable, 0, written)
  else lines[found.index] = `${written}${commentOf(lines[found.index] ?? '')}`
  return `${lines.join('\n')}\n`
}

/** Where a setting stands: as a dotted key before all tables, or as the rest of its name within its table. */
function lineOf (lines: readonly string[], name: SettingName): { readonly index: number, readonly key: string } | undefined {
  let table = ''
  for (const [index, line] of lines.entries()) {
    table = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1] ?? table
    const key = /^\s*([A-Za-z0-9_."' -]+?)\s*=/.exec(line)?.[1]
    if (key !== undefined && (table === '' ? '' : `${table}.`) + key.replace(/[\s"']/g, '') === name) return { index, key }
  }
  return undefined
}

/** A comment behind a value on one line. A `#` within a text is none. */
function commentOf (line: string): string {
  const withoutTexts = line.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, text => ' '.repeat(text.length))
  const start = withoutTexts.indexOf('#')
  return start === -1 ? '' : ` ${line.slice(start)}`
}

/** JSON's texts, numbers and lists are TOML's as well. */
function valueText (value: SettingValue): string {
  return JSON.stringify(value)
}
