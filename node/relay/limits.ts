/** The limits of a relay, shown and changed: each change goes into relay.toml, in its own line. */
import { chownSync, existsSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { NotFoundError } from '../../protocols/core/errors.ts'
import type { RelayLimitsView } from '../../protocols/local/relay.ts'
import { writeDurably } from '../../store/files.ts'
import { relaySettingsText, withRelaySetting } from './settings-file.ts'
import { RELAY_SETTING_NAMES, specOf, variableOf, type RelaySettingName, type RelaySettingValue } from './settings-table.ts'
import { settingText, settingWords } from './settings-values.ts'
import { checkRelaySetting, loadRelaySettings, type RelaySettings, type SettingSources } from './settings.ts'

/** What the network is made of is asked once, at the start. */
const AT_START = /^(listen|announce|http|media\.(bitswap|http)|circuits\..*|dht\..*)$/

export interface ChangedLimits {
  readonly settings: RelaySettings
  readonly view: RelayLimitsView
}

/**
 * Writes `changes` into the file, all of them or none, and reads what holds then.
 * @throws NotFoundError for a setting that there is not
 * @throws UsageError for a value that its setting does not take
 * @throws StorageError when the file cannot be read or written
 */
export async function changeLimits (sources: SettingSources, changes: Readonly<Record<string, string>>): Promise<ChangedLimits> {
  const wanted = Object.entries(changes).map(([key, value]) => [settingNamed(key), value] as const)
    .map(([name, value]) => [name, checkRelaySetting(name, value, 'this')] as const)
  const before = await loadRelaySettings(sources)
  if (wanted.length > 0) writeChanges(before.path, wanted)
  const settings = wanted.length > 0 ? await loadRelaySettings(sources) : before
  const changed = wanted.map(([name]) => name)
  const outranked = changed.filter(name => ['option', 'environment'].includes(settings.all.get(name)?.origin ?? ''))
  return {
    settings,
    view: {
      path: settings.path,
      limits: RELAY_SETTING_NAMES.map(name => limitView(name, settings)),
      changed,
      atNextStart: changed.filter(name => AT_START.test(name)),
      warnings: [...settings.warnings, ...outranked.map(name => `${name} is also given by ${settings.all.get(name)?.origin === 'option' ? 'the command line' : variableOf(name)}, which outranks the file.`)]
    }
  }
}

/** @throws NotFoundError */
function settingNamed (key: string): RelaySettingName {
  const name = RELAY_SETTING_NAMES.find(known => known === key)
  if (name === undefined) throw new NotFoundError(`there is no setting ${key.slice(0, 64)}`, 'See all of them: skein relay limits')
  return name
}

function writeChanges (path: string, changes: ReadonlyArray<readonly [RelaySettingName, RelaySettingValue]>): void {
  if (!existsSync(dirname(path))) throw new NotFoundError('there is no relay here', 'Make one with: skein relay init, or choose its home with --home.')
  const before = existsSync(path) ? readFileSync(path, 'utf8') : relaySettingsText(new Map())
  const after = changes.reduce((text, [name, value]) => withRelaySetting(text, name, value), before)
  writeDurably(path, after, 'relay.toml cannot be written')
  giveToRelay(path)
}

/** Root may have changed it for a relay that runs as somebody else, who has to be able to read it. */
function giveToRelay (path: string): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(dirname(path))
  chownSync(path, uid, gid)
}

function limitView (name: RelaySettingName, settings: RelaySettings): RelayLimitsView['limits'][number] {
  const { takes, fallback, about } = specOf(name)
  const { value, origin } = settings.all.get(name) ?? { value: fallback, origin: 'default' }
  return { key: name, value: settingText(takes, value).replace(/^"(.*)"$/, '$1'), origin, takes: settingWords(takes), about: about.join(' ') }
}
