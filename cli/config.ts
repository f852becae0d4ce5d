/**
 * Settings: an option outranks the environment, the environment outranks `skein.toml` in the home, the file outranks the
 * default. Only what some command asks for is a setting.
 */
import { join } from 'node:path'
import { readSettingsText, settingsIn } from '../node/home-files.ts'
import { UsageError } from '../protocols/core/errors.ts'
import { parseSize } from '../protocols/core/quantity.ts'
import { didYouMean } from './suggest.ts'

export type SettingValue = string | number | readonly string[]

export interface SettingSpec {
  readonly summary: string
  readonly environment: string
  readonly fallback: SettingValue
  /** The values, or what they look like. */
  readonly takes: readonly string[] | 'list' | 'count' | 'duration' | 'size' | 'text'
}

export const SETTINGS = {
  listen: { summary: 'Multiaddrs that `up` listens on; several in a list', environment: 'SKEIN_LISTEN', fallback: [], takes: 'list' },
  bootstrap: { summary: 'Relays, as multiaddrs that end in /p2p/PEERID, through which people are looked for besides your own relays and those of contacts', environment: 'SKEIN_BOOTSTRAP', fallback: [], takes: 'list' },
  lan: { summary: 'Whether `up` looks for contacts on the local network, and is found there: on unless it listens on this computer only', environment: 'SKEIN_LAN', fallback: 'auto', takes: ['auto', 'on', 'off'] },
  accept: { summary: 'Who may reach a new account: ask first, or all', environment: 'SKEIN_ACCEPT', fallback: 'ask', takes: ['ask', 'all'] },
  'send.wait': { summary: 'What `send` waits for', environment: 'SKEIN_SEND_WAIT', fallback: 'queued', takes: ['queued', 'stored', 'delivered', 'read'] },
  'read.limit': { summary: 'How many messages `read` and `search` show', environment: 'SKEIN_READ_LIMIT', fallback: 20, takes: 'count' },
  'media.folder': { summary: 'Where `media get` writes files; else downloads in the home', environment: 'SKEIN_MEDIA_FOLDER', fallback: '', takes: 'text' },
  'media.cache': { summary: 'How much room encrypted files may take: beyond it, those that were not used for the longest are let go', environment: 'SKEIN_MEDIA_CACHE', fallback: '10GB', takes: 'size' },
  'media.auto': { summary: 'Files up to this size are fetched without being asked for; 0: none', environment: 'SKEIN_MEDIA_AUTO', fallback: '32MiB', takes: 'size' },
  'media.from': { summary: 'Of whom files are fetched without being asked for: all contacts, or those whose safety number was compared', environment: 'SKEIN_MEDIA_FROM', fallback: 'all', takes: ['all', 'verified'] },
  'media.metered': { summary: 'Whether the line costs by the byte: then short voice notes alone are fetched without being asked for', environment: 'SKEIN_MEDIA_METERED', fallback: 'off', takes: ['on', 'off'] },
  timeout: { summary: 'How long commands wait for what they are asked to wait for', environment: 'SKEIN_TIMEOUT', fallback: '30s', takes: 'duration' },
  color: { summary: 'Colour on a terminal', environment: 'SKEIN_COLOR', fallback: 'auto', takes: ['auto', 'always', 'never'] }
} as const satisfies Readonly<Record<string, SettingSpec>>

export type SettingName = keyof typeof SETTINGS
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[]
export const READ_LIMIT_MAX = 1000

export type Origin = 'environment' | 'file' | 'default'

export interface Setting { readonly value: SettingValue, readonly origin: Origin }

export interface Settings {
  readonly path: string
  readonly get: (name: SettingName) => Setting
  readonly text: (name: SettingName) => string
  /** Of a setting that takes a list. */
  readonly list: (name: 'listen' | 'bootstrap') => readonly string[]
  /** What is wrong with the file but no reason to stop, in words. */
  readonly warnings: readonly string[]
}

function settingsPath (home: string): string {
  return join(home, 'skein.toml')
}

/** @throws UsageError when a value is not one that the setting takes, or the file is not TOML */
export async function loadSettings (home: string, environment: Readonly<Record<string, string | undefined>>): Promise<Settings> {
  const path = settingsPath(home)
  const { values, warnings } = await parseSettings(await readSettingsText(path), path)
  const all = new Map(SETTING_NAMES.map(name => [name, resolve(name, values.get(name), environment)]))
  const get = (name: SettingName): Setting => all.get(name) ?? { value: SETTINGS[name].fallback, origin: 'default' }
  return { path, get, text: name => String(get(name).value), list: name => listIn(get(name)), warnings }
}

function listIn ({ value }: Setting): readonly string[] {
  return typeof value === 'object' ? value : []
}

/** @throws UsageError when `value` is nothing that the setting takes */
export function checkSetting (name: SettingName, value: unknown, where: string): SettingValue {
  const { takes } = SETTINGS[name]
  if (takes === 'list') {
    const items = typeof value === 'string' ? value.split(/[\s,]+/).filter(item => item !== '') : value
    if (Array.isArray(items) && items.every(item => typeof item === 'string')) return items
  } else if (takes === 'count') {
    const count = Number(value)
    if (value !== '' && Number.isInteger(count) && count >= 1 && count <= READ_LIMIT_MAX) return count
  } else if (takes === 'size') {
    if (typeof value === 'string' && parseSize(value) !== undefined) return value
  } else if (takes === 'text') {
    if (typeof value === 'string') return value
  } else if (typeof value === 'string' && (takes === 'duration' ? /^(0|\d+(\.\d+)?(ms|s|m|h|d|w))$/.test(value) : takes.some(choice => choice === value))) {
    return value
  }
  throw new UsageError(`${where}: ${name} takes ${describe(takes)}`)
}

export function describe (takes: SettingSpec['takes']): string {
  if (takes === 'list') return 'a list of texts'
  if (takes === 'count') return `a number from 1 to ${READ_LIMIT_MAX}`
  if (takes === 'size') return 'a size such as 500MB or 10GiB'
  if (takes === 'text') return 'a text'
  return takes === 'duration' ? 'a duration such as 30s or 10m' : takes.join(', ')
}

function resolve (name: SettingName, inFile: SettingValue | undefined, environment: Readonly<Record<string, string | undefined>>): Setting {
  const variable = SETTINGS[name].environment
  const given = environment[variable] ?? ''
  if (given !== '') return { value: checkSetting(name, given, variable), origin: 'environment' }
  return inFile === undefined ? { value: SETTINGS[name].fallback, origin: 'default' } : { value: inFile, origin: 'file' }
}

/** @throws UsageError when it is not TOML, or a known setting has a value that it does not take */
export async function parseSettings (text: string, path: string): Promise<{ readonly values: ReadonlyMap<SettingName, SettingValue>, readonly warnings: readonly string[] }> {
  const values = new Map<SettingName, SettingValue>()
  const warnings: string[] = []
  for (const [key, value] of await settingsIn(text, path)) {
    const name = SETTING_NAMES.find(known => known === key)
    if (name === undefined) warnings.push([`${path}: there is no setting ${key}.`, didYouMean(key, SETTING_NAMES) ?? 'See: skein config show'].join(' '))
    else values.set(name, checkSetting(name, value, path))
  }
  return { values, warnings }
}
