/** Values of a relay's settings: as people write them, and as the relay counts. */
import { SIZE_FACTORS } from '../../protocols/core/quantity.ts'
import type { Rate } from '../../protocols/core/rate.ts'
import type { RelaySettingValue, SettingKind } from './settings-table.ts'

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 24 * 3_600_000 }
const RATE_UNITS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3_600 }
const RATE = /^(\d+(?:\.\d+)?)\/(s|min|h)(?:,? burst (\d+))?$/
const PLACE = /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[[0-9a-f:]{2,39}\]|localhost):(\d{1,5})$/
const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[::1\]):(\d{1,5})$/

/** undefined when `given` is nothing that the setting takes. */
export function settingValue (takes: SettingKind, given: unknown): RelaySettingValue | undefined {
  switch (takes) {
    case 'text': return typeof given === 'string' ? given : undefined
    case 'list': return listValue(given)
    case 'flag': return typeof given === 'boolean' ? given : given === 'true' || given === 'false' ? given === 'true' : undefined
    case 'size': return measured(given, SIZE_FACTORS)
    case 'duration': return measured(given, DURATION_UNITS)
    case 'count': return wholeNumber(given)
    case 'share': return shareValue(given)
    case 'rate': return rateValue(given)
    case 'gateway': return typeof given === 'string' && (given === 'off' || placeIn(given) !== undefined) ? given : undefined
    case 'endpoint': return typeof given === 'string' && (given === 'off' || portIn(given) !== undefined) ? given : undefined
    default: return takes.find(choice => choice === given)
  }
}

/** What a setting takes, in words. */
export function settingWords (takes: SettingKind): string {
  switch (takes) {
    case 'text': return 'a text'
    case 'list': return 'a list of texts'
    case 'flag': return 'true or false'
    case 'size': return 'a size such as 500MB or 10GiB'
    case 'duration': return 'a duration such as 200ms, 12h or 30d'
    case 'count': return 'a whole number'
    case 'share': return 'a share from 0.1 to 1'
    case 'rate': return 'a rate such as "100/s, burst 1024"'
    case 'gateway': return 'an address to listen on such as 0.0.0.0:4783, or off'
    case 'endpoint': return 'an address on this computer such as 127.0.0.1:4782, or off'
    default: return takes.join(', ')
  }
}

/** As it stands in the file: what `settingValue` reads back. */
export function settingText (takes: SettingKind, value: RelaySettingValue): string {
  if (takes === 'size' && typeof value === 'number') return `"${inUnits(value, SIZE_FACTORS)}"`
  if (takes === 'duration' && typeof value === 'number') return `"${inUnits(value, DURATION_UNITS)}"`
  if (takes === 'rate' && typeof value === 'object' && 'burst' in value) return `"${rateText(value)}"`
  if (takes === 'list' && Array.isArray(value)) return `[${value.map(item => JSON.stringify(item)).join(', ')}]`
  return JSON.stringify(value)
}

/** Of an address on loopback. */
export function portIn (endpoint: string): number | undefined {
  const port = Number(LOOPBACK.exec(endpoint)?.[2] ?? NaN)
  return port <= 65_535 ? port : undefined
}

/** Of an address to listen on. */
export function placeIn (endpoint: string): { readonly host: string, readonly port: number } | undefined {
  const [, host = '', digits = ''] = PLACE.exec(endpoint) ?? []
  const port = Number(digits)
  return host !== '' && port <= 65_535 ? { host: host.replaceAll(/[[\]]/g, ''), port } : undefined
}

function listValue (given: unknown): readonly string[] | undefined {
  const items: unknown = typeof given === 'string' ? given.split(/[\s,]+/).filter(item => item !== '') : given
  return Array.isArray(items) && items.every(item => typeof item === 'string') ? items : undefined
}

/** A number with its unit; a bare number has the unit 1. */
function measured (given: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof given === 'number') return wholeNumber(given)
  if (typeof given !== 'string') return undefined
  const [, count, unit] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(given.trim()) ?? []
  const factor = units[unit ?? '']
  return count === undefined || factor === undefined ? undefined : wholeNumber(Math.round(Number(count) * factor))
}

function wholeNumber (given: unknown): number | undefined {
  const value = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

function shareValue (given: unknown): number | undefined {
  const value = Number(given)
  return value >= 0.1 && value <= 1 ? value : undefined
}

function rateValue (given: unknown): Rate | undefined {
  const [, count, unit, burst] = RATE.exec(typeof given === 'string' ? given : '') ?? []
  const seconds = RATE_UNITS[unit ?? '']
  if (count === undefined || seconds === undefined || Number(count) === 0) return undefined
  return { burst: Math.max(1, Number(burst ?? count)), perSecond: Number(count) / seconds }
}

/** In the largest unit that leaves a whole number. */
function inUnits (value: number, units: Readonly<Record<string, number>>): string {
  const [unit = '', factor = 1] = Object.entries(units).toSorted(([, left], [, right]) => right - left).find(([, size]) => value % size === 0 && value >= size) ?? []
  return unit === '' ? `0${Object.keys(units)[0] ?? ''}` : `${value / factor}${unit}`
}

function rateText ({ burst, perSecond }: Rate): string {
  const [unit = 's', seconds = 1] = Object.entries(RATE_UNITS).find(([, size]) => isNearlyWhole(perSecond * size)) ?? []
  return `${Number((perSecond * seconds).toFixed(3))}/${unit}, burst ${burst}`
}

function isNearlyWhole (value: number): boolean {
  return Math.abs(value - Math.round(value)) < 1e-9
}
