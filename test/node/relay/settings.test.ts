import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../../../protocols/core/errors.ts'
import { RELAY_DEFAULTS } from '../../../node/relay/config.ts'
import { relaySettingsText, withRelaySetting } from '../../../node/relay/settings-file.ts'
import { RELAY_SETTING_NAMES, specOf, variableOf } from '../../../node/relay/settings-table.ts'
import { settingText, settingValue } from '../../../node/relay/settings-values.ts'
import { loadRelaySettings, parseRelaySettings } from '../../../node/relay/settings.ts'

/** Every line that is a setting put to sleep, woken. */
function awake (text: string): string {
  return text.replaceAll(/^#(?=\S)/gm, '')
}

describe('relay.toml', () => {
  let home: string
  beforeEach(async () => { home = await mkdtemp(join(tmpdir(), 'skein-relay-settings-')) })
  afterEach(async () => { await rm(home, { recursive: true, force: true }) })

  const load = async (text: string, environment: Readonly<Record<string, string>> = {}): ReturnType<typeof loadRelaySettings> => {
    await writeFile(join(home, 'relay.toml'), text)
    return await loadRelaySettings({ home, environment })
  }

  it('says a word about every setting and sets none of them', async () => {
    const text = relaySettingsText(new Map())
    assert.deepEqual([...(await parseRelaySettings(text, 'relay.toml')).values], [])
    assert.deepEqual([...(await parseRelaySettings(awake(text), 'relay.toml')).values.keys()], RELAY_SETTING_NAMES)
    for (const [index, line] of text.split('\n').entries()) {
      if (/^#?[\w-]+ = /.test(line)) assert.match(text.split('\n')[index - 1] ?? '', /^# /, `nothing stands above ${line}`)
    }
  })

  it('shows what holds without it', async () => {
    const { values } = await parseRelaySettings(awake(relaySettingsText(new Map())), 'relay.toml')
    for (const name of RELAY_SETTING_NAMES) assert.deepEqual(values.get(name), specOf(name).fallback, name)
  })

  it('may be missing: then everything is as the defaults say', async () => {
    const { config, warnings, http } = await loadRelaySettings({ home, environment: {} })
    assert.deepEqual(config, RELAY_DEFAULTS)
    assert.deepEqual(warnings, [])
    assert.deepEqual(http, { endpoint: '127.0.0.1:4782', isDefault: true })
  })

  it('is outranked by the environment, and both by the command line', async () => {
    await writeFile(join(home, 'relay.toml'), '[disk]\ncap = "1GB"\nfull-share = 0.5\n[mailbox]\nitems = 5\n')
    const environment = { SKEIN_RELAY_DISK_CAP: '2GB', SKEIN_RELAY_MAILBOX_ITEMS: '6' }
    const { config, all } = await loadRelaySettings({ home, environment, options: new Map([['mailbox.items', '7']]) })
    assert.equal(config.thresholds.capShare, 0.5)
    assert.equal(config.capBytes, 2e9)
    assert.equal(config.quotas.mailboxItemsMax, 7)
    assert.deepEqual(['disk.full-share', 'disk.cap', 'mailbox.items', 'name'].map(name => all.get(name as 'name')?.origin), ['file', 'environment', 'option', 'default'])
  })

  it('is warned about where it says what nobody knows, with what there is instead', async () => {
    const { warnings } = await load('colour = "red"\n[disk]\ncapp = "1GB"\n')
    assert.match(warnings[0] ?? '', /no setting colour/)
    assert.match(warnings[1] ?? '', /no setting disk\.capp.*In \[disk\] there are: cap, full-share, keep-free/)
  })

  it('is warned about where it lets nobody in', async () => {
    assert.match((await load('[admission]\nmode = "code"\n')).warnings.join(), /nobody gets a mailbox/)
    assert.match((await load('[admission]\nmode = "list"\n')).warnings.join(), /nobody gets a mailbox/)
    assert.deepEqual((await load('[admission]\nmode = "code"\ncodes = ["geese"]\n')).config.admission, { type: 'code', codes: new Set(['geese']) })
  })

  it('is refused with the name of the setting and what it takes', async () => {
    const wrong: ReadonlyArray<readonly [string, RegExp]> = [
      ['[disk]\ncap = "much"\n', /disk\.cap takes a size such as/],
      ['[mailbox]\nkeep = -1\n', /mailbox\.keep takes a duration/],
      ['[admission]\nmode = "friends"\n', /admission\.mode takes open, code, list/],
      ['http = "0.0.0.0:80"\n', /http takes an address on this computer/],
      ['[rate]\ndeposits-per-peer = 5\n', /rate\.deposits-per-peer takes a rate/],
      ['a = \n', /is not TOML in line 1/]
    ]
    for (const [text, message] of wrong) await assert.rejects(load(text), (thrown: Error) => thrown instanceof UsageError && message.test(thrown.message), text)
  })

  it('keeps every comment when one setting is changed', () => {
    const text = relaySettingsText(new Map())
    let changed = text
    for (const name of RELAY_SETTING_NAMES) changed = withRelaySetting(changed, name, specOf(name).fallback)
    assert.equal(changed, awake(text))
  })

  it('takes a changed setting where an operator wrote it, over several lines and with a comment behind', () => {
    const text = 'listen = [ # both\n  "/ip4/0.0.0.0/tcp/1",\n  "/ip6/::/tcp/1"\n]\n\n[disk]\ncap = "1GB" # half of it\n\n[other]\ncap = 1\n'
    assert.equal(withRelaySetting(text, 'disk.cap', 3e9), text.replace('"1GB"', '"3GB"'))
    assert.equal(withRelaySetting(text, 'listen', ['/ip4/0.0.0.0/tcp/2']).split('\n')[0], 'listen = ["/ip4/0.0.0.0/tcp/2"] # both')
    assert.equal(withRelaySetting('[disk]\n', 'disk.cap', 5), '[disk]\ncap = "5B"\n')
    assert.equal(withRelaySetting('[disk]\n', 'mailbox.keep', 60_000), '[disk]\n\n[mailbox]\nkeep = "1m"\n')
    assert.equal(withRelaySetting('disk.cap = 1\n', 'disk.cap', 2e6), 'disk.cap = "2MB"\n')
    assert.equal(withRelaySetting('[disk]\n', 'name', 'x'), 'name = "x"\n\n[disk]\n')
  })
})

describe('a value of a setting', () => {
  it('is read as it is written, for every setting', () => {
    for (const name of RELAY_SETTING_NAMES) {
      const { takes, fallback } = specOf(name)
      const [, written = ''] = /^key = ([^]*)$/.exec(`key = ${settingText(takes, fallback)}`) ?? []
      assert.deepEqual(settingValue(takes, takes === 'list' ? fallback : JSON.parse(written)), fallback, name)
    }
  })

  it('may have decimal and binary sizes, and durations in any unit', () => {
    assert.equal(settingValue('size', '1.5GiB'), 1.5 * 1024 ** 3)
    assert.equal(settingValue('size', '25 GB'), 25e9)
    assert.equal(settingValue('size', 4096), 4096)
    assert.equal(settingValue('duration', '12h'), 12 * 3_600_000)
    assert.deepEqual(settingValue('rate', '30/min'), { burst: 30, perSecond: 0.5 })
    for (const wrong of ['', 'GB', '-1GB', '1 parsec', null, {}, Number.NaN]) assert.equal(settingValue('size', wrong), undefined)
  })

  it('has an environment variable of its own', () => {
    assert.equal(variableOf('disk.keep-free'), 'SKEIN_RELAY_DISK_KEEP_FREE')
    assert.equal(new Set(RELAY_SETTING_NAMES.map(variableOf)).size, RELAY_SETTING_NAMES.length)
  })
})
