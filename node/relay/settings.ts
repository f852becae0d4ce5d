/**
 * A relay's settings: an option outranks the environment, the environment outranks `relay.toml` in its home, the file outranks
 * the default. docs/operating.md, "Settings".
 */
import { join } from 'node:path'
import { UsageError } from '../../protocols/core/errors.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import type { Rate } from '../../protocols/core/rate.ts'
import { readSettingsText, settingsIn } from '../home-files.ts'
import type { MailboxAdmission, RelayConfig } from './config.ts'
import { RELAY_SETTINGS } from './home-files.ts'
import { RELAY_SETTING_NAMES, SECTION_TITLES, specOf, variableOf, type RelaySettingName, type RelaySettingValue } from './settings-table.ts'
import { settingValue, settingWords } from './settings-values.ts'

export type RelaySettingOrigin = 'option' | 'environment' | 'file' | 'default'
export interface RelaySetting { readonly value: RelaySettingValue, readonly origin: RelaySettingOrigin }
export type RelaySettingsMap = ReadonlyMap<RelaySettingName, RelaySetting>

export interface RelaySettings {
  readonly path: string
  readonly all: RelaySettingsMap
  /** By what rules it works. */
  readonly config: RelayConfig
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  /** Where the dashboard answers: a loopback address with a port; undefined for nowhere. */
  readonly http: { readonly endpoint: string, readonly isDefault: boolean } | undefined
  readonly circuits: { readonly placesMax: number, readonly circuitBytesMax: number, readonly circuitMs: number }
  /** What is asked once, at the start. `http`: undefined for nowhere. */
  readonly media: { readonly isBitswapOn: boolean, readonly http: string | undefined }
  readonly dht: { readonly isOn: boolean, readonly bootstrap: readonly string[] }
  /** What is wrong with the file but no reason to stop, in words. */
  readonly warnings: readonly string[]
}

export interface SettingSources {
  readonly home: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** From the command line; these outrank everything. */
  readonly options?: ReadonlyMap<RelaySettingName, unknown>
}

/**
 * @throws UsageError when a value is not one that its setting takes, or the file is not TOML
 * @throws StorageError when the file cannot be read
 */
export async function loadRelaySettings ({ home, environment, options = new Map() }: SettingSources): Promise<RelaySettings> {
  const path = join(home, RELAY_SETTINGS)
  const { values, warnings } = await parseRelaySettings(await readSettingsText(path), path)
  const all = new Map(RELAY_SETTING_NAMES.map(name => [name, resolve(name, { options, environment, values })] as const))
  const typed = typedSettings(all)
  return { path, all, ...typed, warnings: [...warnings, ...contradictions(typed.config)] }
}

/** What the text of a file says; settings it does not know become warnings. @throws UsageError */
export async function parseRelaySettings (text: string, path: string): Promise<{ readonly values: ReadonlyMap<RelaySettingName, RelaySettingValue>, readonly warnings: readonly string[] }> {
  const values = new Map<RelaySettingName, RelaySettingValue>()
  const warnings: string[] = []
  for (const [key, value] of await settingsIn(text, path)) {
    const name = RELAY_SETTING_NAMES.find(known => known === key)
    if (name === undefined) warnings.push(`${path}: there is no setting ${key.slice(0, 64)}, so this line does nothing. ${knownBeside(key)}`)
    else values.set(name, checkRelaySetting(name, value, path))
  }
  return { values, warnings }
}

/** @throws UsageError when `given` is nothing that the setting takes */
export function checkRelaySetting (name: RelaySettingName, given: unknown, where: string): RelaySettingValue {
  const { takes } = specOf(name)
  const value = settingValue(takes, given)
  if (value === undefined) throw new UsageError(`${where}: ${name} takes ${settingWords(takes)}`)
  return value
}

/** Settings as the parts of a relay take them. */
function typedSettings (all: RelaySettingsMap): Omit<RelaySettings, 'path' | 'all' | 'warnings'> {
  const { text, list, count, flag } = accessors(all)
  return {
    config: relayConfig(all),
    listen: list('listen'),
    announce: list('announce'),
    http: text('http') === 'off' ? undefined : { endpoint: text('http'), isDefault: all.get('http')?.origin === 'default' },
    circuits: { placesMax: count('circuits.places'), circuitBytesMax: count('circuits.size'), circuitMs: count('circuits.time') },
    media: { isBitswapOn: flag('media.on') && flag('media.bitswap'), http: text('media.http') === 'off' ? undefined : text('media.http') },
    dht: { isOn: flag('dht.on'), bootstrap: list('dht.bootstrap') }
  }
}

function relayConfig (all: RelaySettingsMap): RelayConfig {
  const { text, count, flag, rate } = accessors(all)
  return {
    name: text('name'),
    operator: text('operator'),
    admission: admissionIn(all),
    quotas: {
      aliasItemsMax: count('mailbox.alias-items'),
      aliasBytesMax: count('mailbox.alias-size'),
      mailboxItemsMax: count('mailbox.items'),
      mailboxBytesMax: count('mailbox.size'),
      aliasesMax: count('mailbox.aliases'),
      lifetimeMsMax: count('mailbox.keep')
    },
    rates: {
      depositsPerPeer: rate('rate.deposits-per-peer'),
      depositsPerAlias: rate('rate.deposits-per-alias'),
      refusalsPerPeer: rate('rate.refusals-per-peer'),
      requestsPerPeer: rate('rate.requests-per-peer'),
      bundlesPerAlias: rate('rate.bundles-per-alias'),
      blobsPerPeer: rate('rate.files-per-peer')
    },
    thresholds: {
      capShare: count('disk.full-share'),
      availableBytesMin: count('disk.keep-free'),
      residentBytesMax: count('admission.memory'),
      loopDelayMsMax: count('admission.lag')
    },
    media: {
      isOn: flag('media.on'),
      capBytes: count('media.cap'),
      mailboxBytesMax: count('media.mailbox'),
      blobBytesMax: count('media.largest'),
      keepMsMax: count('media.keep'),
      streamsMax: count('media.streams')
    },
    mailboxesMax: count('admission.mailboxes'),
    capBytes: count('disk.cap'),
    stuckAfterMs: count('mailbox.stuck')
  }
}

function admissionIn (all: RelaySettingsMap): MailboxAdmission {
  const { text, list } = accessors(all)
  switch (text('admission.mode')) {
    case 'code': return { type: 'code', codes: new Set(list('admission.codes')) }
    case 'list': return { type: 'list', peerIds: new Set(list('admission.peers')) }
    default: return { type: 'open' }
  }
}

/** What each is allowed to say of settings that the table has typed already. */
interface Accessors {
  readonly text: (name: RelaySettingName) => string
  readonly list: (name: RelaySettingName) => readonly string[]
  readonly count: (name: RelaySettingName) => number
  readonly flag: (name: RelaySettingName) => boolean
  readonly rate: (name: RelaySettingName) => Rate
}

function accessors (all: RelaySettingsMap): Accessors {
  const valueOf = (name: RelaySettingName): RelaySettingValue => all.get(name)?.value ?? specOf(name).fallback
  return {
    text: name => {
      const value = valueOf(name)
      return typeof value === 'string' ? value : ''
    },
    list: name => {
      const value = valueOf(name)
      invariant(Array.isArray(value), 'a setting has the kind of its table')
      return value as readonly string[]
    },
    count: name => Number(valueOf(name)),
    flag: name => valueOf(name) === true,
    rate: name => {
      const value = valueOf(name)
      invariant(typeof value === 'object' && 'burst' in value, 'a setting has the kind of its table')
      return value
    }
  }
}

interface Sources {
  readonly options: ReadonlyMap<RelaySettingName, unknown>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly values: ReadonlyMap<RelaySettingName, RelaySettingValue>
}

function resolve (name: RelaySettingName, { options, environment, values }: Sources): RelaySetting {
  const option = options.get(name)
  if (option !== undefined) return { value: checkRelaySetting(name, option, 'the command line'), origin: 'option' }
  const given = environment[variableOf(name)] ?? ''
  if (given !== '') return { value: checkRelaySetting(name, given, variableOf(name)), origin: 'environment' }
  const inFile = values.get(name)
  if (inFile !== undefined) return { value: inFile, origin: 'file' }
  return { value: specOf(name).fallback, origin: 'default' }
}

/** What is allowed, but hardly meant. */
function contradictions ({ admission, quotas, media, capBytes }: RelayConfig): readonly string[] {
  return [
    ...admission.type === 'code' && admission.codes.size === 0 ? ['admission.mode is "code" and there are no admission.codes: nobody gets a mailbox.'] : [],
    ...admission.type === 'list' && admission.peerIds.size === 0 ? ['admission.mode is "list" and admission.peers is empty: nobody gets a mailbox.'] : [],
    ...quotas.mailboxBytesMax > capBytes ? ['mailbox.size is larger than disk.cap: one mailbox may fill the disk.'] : [],
    ...media.isOn && media.mailboxBytesMax > media.capBytes ? ['media.mailbox is larger than media.cap: one mailbox may take all of it.'] : [],
    ...media.isOn && media.blobBytesMax > media.mailboxBytesMax ? ['media.largest is larger than media.mailbox: such a file is never taken.'] : []
  ]
}

function knownBeside (key: string): string {
  const [section = ''] = key.includes('.') ? key.split('.') : ['']
  const beside = RELAY_SETTING_NAMES.filter(name => section in SECTION_TITLES && name.startsWith(`${section}.`)).map(name => name.slice(section.length + 1))
  return beside.length > 0 ? `In [${section}] there are: ${beside.join(', ')}.` : 'See: skein relay limits'
}
