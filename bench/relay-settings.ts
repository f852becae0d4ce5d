/** Settings of relays for measuring, in the words of relay.toml. */
import type { RelaySettingName } from '../node/relay/settings-table.ts'

export type RelaySettingsGiven = Readonly<Partial<Record<RelaySettingName, string>>>

/** No quota and no brake is in the way: what is measured is the work. */
export const UNLIMITED: RelaySettingsGiven = {
  'mailbox.items': '100000000',
  'mailbox.size': '8GiB',
  'mailbox.alias-items': '100000000',
  'mailbox.alias-size': '8GiB',
  'rate.deposits-per-peer': '1000000000/s',
  'rate.deposits-per-alias': '1000000000/s',
  'rate.requests-per-peer': '1000000/s'
}
