/** `skein config …`: the settings, where they come from, and how to change them. */
import { makeHome, readSettingsText } from '../../node/home-files.ts'
import { UsageError } from '../../protocols/core/errors.ts'
import type { Invocation } from '../command.ts'
import { SETTINGS, SETTING_NAMES, checkSetting, describe, parseSettings } from '../config.ts'
import type { Origin, SettingName, SettingValue, Settings } from '../config.ts'
import { didYouMean } from '../suggest.ts'
import { withSetting } from '../settings-file.ts'
import { tableLines } from '../table.ts'
import { writeNewFile } from '../new-file.ts'

export async function show ({ flags, settings, output }: Invocation): Promise<void> {
  const all = SETTING_NAMES.map(name => ({ key: name, ...settings.get(name) }))
  const rows = all.map(({ key, value, origin }) => [output.look.bold(key), valueText(value), ...flags.isOn('origin') ? [originText(key, origin, settings)] : [], output.look.dim(SETTINGS[key].summary)])
  await output.result({ path: settings.path, settings: all }, tableLines(rows).join('\n'))
}

export async function get ({ arguments: [key = ''], settings, output }: Invocation): Promise<void> {
  const name = settingName(key)
  const setting = settings.get(name)
  await output.result({ key: name, ...setting }, valueText(setting.value))
}

export async function set ({ arguments: [key = '', given = ''], home, settings, output }: Invocation): Promise<void> {
  const name = settingName(key)
  const value = checkSetting(name, given, 'config set')
  const before = await readSettingsText(settings.path)
  const after = withSetting(before, name, value)
  // An unusual way of writing it, which we did not understand, must not end in a broken file.
  const { values } = await parseSettings(after, settings.path)
  if (JSON.stringify(values.get(name)) !== JSON.stringify(value)) throw new UsageError(`${settings.path} writes ${name} in a way that cannot be changed from here`, 'Nothing was changed. Edit the file by hand.')
  makeHome(home)
  await writeNewFile(settings.path, oneChunk(after), { isReplacing: true })
  const { origin } = settings.get(name)
  await output.result({ key: name, value, path: settings.path }, `${name} is ${valueText(value)} in ${settings.path}`)
  if (origin === 'environment') output.note(`The variable ${SETTINGS[name].environment} is set and outranks it.`)
}

export async function path ({ settings, output }: Invocation): Promise<void> {
  await output.result({ path: settings.path }, settings.path)
}

function settingName (key: string): SettingName {
  const name = SETTING_NAMES.find(known => known === key)
  if (name === undefined) throw new UsageError(`there is no setting ${key}`, didYouMean(key, SETTING_NAMES) ?? `There are: ${SETTING_NAMES.map(known => `${known} (${describe(SETTINGS[known].takes)})`).join('; ')}.`)
  return name
}

function originText (name: SettingName, origin: Origin, settings: Settings): string {
  switch (origin) {
    case 'environment': return SETTINGS[name].environment
    case 'file': return settings.path
    case 'default': return 'default'
  }
}

function valueText (value: SettingValue): string {
  return typeof value === 'object' ? value.join(' ') : String(value)
}

async function * oneChunk (text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text)
}
