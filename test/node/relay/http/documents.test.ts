/** What docs/operating.md promises is what the relay has. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { metricsText } from '../../../../node/relay/http/metrics.ts'
import { RELAY_SETTING_NAMES, specOf } from '../../../../node/relay/settings-table.ts'
import { settingText } from '../../../../node/relay/settings-values.ts'
import { RELAY_OPERATIONS } from '../../../../protocols/local/relay.ts'
import { RELAY_OPERATION_COMMANDS } from '../../../../cli/tree/relay-operation.ts'
import { sampleStats } from './sample.ts'

describe('the operator\'s guide', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../../docs/operating.md'), 'utf8')

  it('explains every setting, and shows what holds without it', () => {
    for (const name of RELAY_SETTING_NAMES) {
      const { takes, fallback, about } = specOf(name)
      const row = `| \`${name}\` | \`${settingText(takes, fallback).replace(/^"(.+)"$/, '$1')}\` | ${about.join(' ')} |`
      assert.ok(guide.includes(row), `missing or old: ${row}`)
    }
  })

  it('explains every metric, and no other', async () => {
    const text = await metricsText(sampleStats())
    const documented = [...guide.matchAll(/^\| `(skein_relay_\w+)` \|/gm)].map(match => match[1])
    assert.deepEqual(documented, [...text.matchAll(/^# TYPE (\S+)/gm)].map(match => match[1]))
    for (const [, name, help] of text.matchAll(/^# HELP (\S+) (.+)$/gm)) assert.ok(guide.includes(`| ${help ?? ''} |`), `old: ${name ?? ''}`)
  })

  it('names every command and every operation', () => {
    for (const { path } of RELAY_OPERATION_COMMANDS) assert.ok(guide.includes(`\`skein ${path}`), path)
    for (const name of Object.keys(RELAY_OPERATIONS)) assert.ok(guide.includes(`\`${name}\``), name)
  })
})
