/** From the file of a profile to the plan of a testnet. What is wrong is told by its line and its key. */
import { Ajv, type ErrorObject } from 'ajv'
import { checkSetting, SETTING_NAMES } from '../../cli/config.ts'
import { didYouMean } from '../../cli/suggest.ts'
import { parseDuration } from '../../cli/time.ts'
import { checkRelaySetting } from '../../node/relay/settings.ts'
import { RELAY_SETTING_NAMES } from '../../node/relay/settings-table.ts'
import { SkeinError, UsageError } from '../../protocols/core/errors.ts'
import { SEED } from '../homes/seed.ts'
import { packed, type Kind, type Plan, type PlannedNode } from '../plan.ts'
import { readYaml, type Yaml } from '../yaml.ts'
import { PROFILE, type Profile, type Surroundings } from './schema.ts'

/** Where in which file. */
interface Place { readonly file: string, readonly yaml: Yaml }

/** @throws NotFoundError, UsageError */
export async function readProfile (file: string): Promise<Plan> {
  const yaml = await readYaml(file)
  const place = { file, yaml }
  const isProfile = new Ajv({ strict: false }).compile<Profile>(PROFILE)
  const { value } = yaml
  if (!isProfile(value)) throw malformed(isProfile.errors?.[0], place)
  checkNames(value, place)
  const { seed = SEED, pack = 1, users, relays = {} } = value
  const nodes: readonly PlannedNode[] = [
    ...Object.entries(relays).map(([name, relay]) => planned(name, 'relay', { said: relay ?? {}, place })),
    ...Object.entries(users).map(([name, user]) => {
      const { relays: own, knows } = user ?? {}
      return { ...planned(name, 'user', { said: user ?? {}, place }), ...own !== undefined && { relays: [...own] }, ...knows !== undefined && { knows: [...knows] } }
    })
  ]
  return { seed, nodes: packed(nodes, pack) }
}

function planned (name: string, kind: Kind, { said: { settings, line, clock }, place }: { readonly said: Surroundings, readonly place: Place }): PlannedNode {
  for (const [key, value] of Object.entries(settings ?? {})) checkSettingOf(kind, { key, value, path: [`${kind}s`, name, 'settings', key], place })
  return {
    name,
    kind,
    ...settings !== undefined && { settings: { ...settings } },
    ...line !== undefined && {
      link: {
        delayMs: parseDuration(line.delay ?? '0', 'delay'),
        jitterMs: parseDuration(line.jitter ?? '0', 'jitter'),
        ...line.kbitPerSecond !== undefined && { bytesPerSecond: line.kbitPerSecond * 1000 / 8 }
      }
    },
    ...clock !== undefined && { skewMs: (clock.startsWith('-') ? -1 : 1) * parseDuration(clock.replace(/^-/, ''), 'clock') }
  }
}

interface Said { readonly key: string, readonly value: unknown, readonly path: readonly string[], readonly place: Place }

function checkSettingOf (kind: Kind, { key, value, path, place }: Said): void {
  const names: readonly string[] = kind === 'user' ? SETTING_NAMES : RELAY_SETTING_NAMES
  if (!names.includes(key)) throw wrong(path, `there is no setting ${key}`, { ...place, hint: didYouMean(key, names) })
  const [ofUser, ofRelay] = [SETTING_NAMES.find(name => name === key), RELAY_SETTING_NAMES.find(name => name === key)]
  try {
    if (kind === 'user' && ofUser !== undefined) checkSetting(ofUser, value, key)
    if (kind === 'relay' && ofRelay !== undefined) checkRelaySetting(ofRelay, value, key)
  } catch (error) {
    if (error instanceof SkeinError) throw wrong(path, error.message.replace(`${key}: `, ''), { ...place, hint: error.hint })
    throw error
  }
}

function checkNames ({ users, relays = {} }: Profile, place: Place): void {
  const both = Object.keys(users).find(name => Object.hasOwn(relays, name))
  if (both !== undefined) throw wrong(['users', both], `${both} is a relay already`, place)
  const mentioned = Object.entries(users).flatMap(([name, user]) => (['relays', 'knows'] as const).flatMap(key => (user?.[key] ?? []).map((other, index) => ({ key, other, path: ['users', name, key, String(index)] }))))
  for (const { key, other, path } of mentioned) {
    if (!Object.hasOwn(key === 'relays' ? relays : users, other)) throw wrong(path, `there is no ${other} among the ${key === 'relays' ? 'relays' : 'users'}`, place)
  }
}

function malformed (error: ErrorObject | undefined, place: Place): UsageError {
  const path = (error?.instancePath ?? '').split('/').slice(1)
  const extra: unknown = error?.params['additionalProperty']
  if (typeof extra === 'string') return wrong([...path, extra], `there is no ${extra} here`, place)
  const badName: unknown = error?.params['propertyName'] ?? error?.propertyName
  if (typeof badName === 'string') return wrong([...path, badName], 'a name is small letters, digits and dashes, and begins with a letter', place)
  return wrong(path, error?.message ?? 'is not understood', place)
}

function wrong (path: readonly string[], what: string, { file, yaml, hint }: Place & { readonly hint?: string | undefined }): UsageError {
  return new UsageError(`${file}, line ${yaml.lineOf(path)}: ${path.length === 0 ? 'a profile' : path.join('.')}: ${what}`, hint ?? 'See docs/testnet.md, "Profiles".')
}
