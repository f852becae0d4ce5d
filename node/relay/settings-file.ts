/**
 * The text of `relay.toml`: with a word about every setting, and with those that are as they come commented out, so that a
 * newer version may change what they are. A setting is changed in its own line; everything else stays.
 */
import { RELAY_SETTING_NAMES, SECTION_TITLES, specOf, type RelaySettingName, type RelaySettingValue } from './settings-table.ts'
import { settingText } from './settings-values.ts'

/** Settings that differ from what they would be without. */
export type RelayChanges = ReadonlyMap<RelaySettingName, RelaySettingValue>

/** A new file. */
export function relaySettingsText (changes: RelayChanges): string {
  const lines = [
    '# How this relay works. A line that begins with # is not in force and shows what holds without it.',
    '# Options of the command line outrank the environment (SKEIN_RELAY_DISK_CAP is cap in [disk]), and that outranks this file.',
    '# Changes made here take effect at the next start; "skein relay limits KEY VALUE" writes them here for you.'
  ]
  let section = ''
  for (const name of RELAY_SETTING_NAMES) {
    const [own, title] = sectionOf(name)
    if (own !== section && title !== undefined) lines.push('', `# ${title}`, `[${own}]`)
    section = own
    lines.push('', ...entryLines(name, changes.get(name)))
  }
  return `${lines.join('\n')}\n`
}

/** The text with `name` set, in the line that has it, commented out or not; else at the place where it belongs. */
export function withRelaySetting (text: string, name: RelaySettingName, value: RelaySettingValue): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const [section, key] = partsOf(name)
  const written = settingText(specOf(name).takes, value)
  const found = lineOf(lines, name)
  if (found !== undefined) {
    const { index, isDotted } = found
    const rest = endOfValue(lines, index)
    lines.splice(index, rest - index, `${isDotted ? name : key} = ${written}${commentOf(lines[index] ?? '')}`)
  } else if (section === '') {
    const firstTable = lines.findIndex(line => tableOf(line) !== undefined)
    lines.splice(firstTable === -1 ? lines.length : firstTable, 0, `${key} = ${written}`, '')
  } else {
    const table = lines.findIndex(line => tableOf(line) === section)
    if (table === -1) lines.push('', `[${section}]`, `${key} = ${written}`)
    else lines.splice(table + 1, 0, `${key} = ${written}`)
  }
  return `${lines.join('\n')}\n`
}

function entryLines (name: RelaySettingName, value: RelaySettingValue | undefined): readonly string[] {
  const { about, takes, fallback } = specOf(name)
  const [, key] = partsOf(name)
  const line = `${key} = ${settingText(takes, value ?? fallback)}`
  return [...about.map(sentence => `# ${sentence}`), value === undefined ? `#${line}` : line]
}

function sectionOf (name: RelaySettingName): readonly [string, string | undefined] {
  const [section] = partsOf(name)
  return [section, SECTION_TITLES[section]]
}

function partsOf (name: RelaySettingName): readonly [string, string] {
  const [first = '', second] = name.split('.')
  return second === undefined ? ['', first] : [first, second]
}

/** The line in force, else the one that is commented out. */
function lineOf (lines: readonly string[], name: RelaySettingName): { readonly index: number, readonly isDotted: boolean } | undefined {
  let table = ''
  let commented: { readonly index: number, readonly isDotted: boolean } | undefined
  for (const [index, line] of lines.entries()) {
    table = tableOf(line) ?? table
    // `#key = …` is a setting put to sleep; `# A sentence = so` is none.
    const [, sleeping, key] = /^\s*(#?)([\w."'-]+)\s*=/.exec(line) ?? []
    if (key === undefined) continue
    const plain = key.replaceAll(/["']/g, '')
    const isDotted = table === '' && plain === name && name.includes('.')
    if (!isDotted && (table === '' ? plain : `${table}.${plain}`) !== name) continue
    if (sleeping === '') return { index, isDotted }
    commented ??= { index, isDotted }
  }
  return commented
}

function tableOf (line: string): string | undefined {
  return /^\s*\[\s*([^[\]]+?)\s*\]\s*(#.*)?$/.exec(line)?.[1]?.replaceAll(/["'\s]/g, '')
}

/** Behind the last line of a value: a list may go over several. */
function endOfValue (lines: readonly string[], from: number): number {
  let depth = 0
  for (let index = from; index < lines.length; index += 1) {
    const plain = withoutTexts(lines[index] ?? '').replace(index === from ? /^\s*#/ : '', '').replace(/#.*/, '')
    depth += (plain.match(/\[/g)?.length ?? 0) - (plain.match(/\]/g)?.length ?? 0)
    if (depth <= 0) return index + 1
  }
  return from + 1
}

/** A comment behind a value on one line. A `#` within a text is none. */
function commentOf (line: string): string {
  const from = /^\s*#/.exec(line)?.[0].length ?? 0
  const start = withoutTexts(line).indexOf('#', from)
  return start === -1 ? '' : ` ${line.slice(start)}`
}

function withoutTexts (line: string): string {
  return line.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, text => ' '.repeat(text.length))
}
