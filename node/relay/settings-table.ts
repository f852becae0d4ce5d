/**
 * Every setting of a relay: what it means, what it takes, what it is unless somebody says otherwise. The file `relay.toml`,
 * the list in docs/operating.md and the environment variables are made of this table.
 */
import { CIRCUIT_BYTES_MAX, CIRCUIT_DURATION_MS, CIRCUIT_RESERVATIONS_MAX } from '../../protocols/core/limits.ts'
import type { Rate } from '../../protocols/core/rate.ts'
import { RELAY_DEFAULTS } from './config.ts'

/** `size`, `duration`, `count` and `share` are numbers: bytes, milliseconds, how many, a part of 1. */
export type SettingKind = 'text' | 'list' | 'flag' | 'size' | 'duration' | 'count' | 'share' | 'rate' | 'endpoint' | 'gateway' | readonly string[]
export type RelaySettingValue = string | number | boolean | readonly string[] | Rate

export interface RelaySettingSpec {
  /** For whoever reads the file: whole sentences, each on a line of its own. */
  readonly about: readonly string[]
  readonly takes: SettingKind
  readonly fallback: RelaySettingValue
}

const { quotas, rates, thresholds, media, capBytes, mailboxesMax, stuckAfterMs } = RELAY_DEFAULTS

/** `section.key`; those without a section stand first. In the order of the file. */
export const RELAY_SETTINGS_TABLE = {
  name: { about: ['What users are shown: the host name, as a rule.'], takes: 'text', fallback: '' },
  operator: { about: ['Who operates this relay and how to reach them; shown to users.'], takes: 'text', fallback: '' },
  listen: {
    about: ['Where to listen, as multiaddrs; for IPv6 add "/ip6/::/tcp/4780", for browsers and strict firewalls "/ip4/0.0.0.0/tcp/4781/ws".', 'Seen from outside it must stay the same: users keep it.'],
    takes: 'list',
    fallback: ['/ip4/0.0.0.0/tcp/4780']
  },
  announce: { about: ['Addresses that users are told besides those of the network interfaces: a name, a forwarded port, a proxy.', 'For example "/dns4/relay.example.org/tcp/4780".'], takes: 'list', fallback: [] },
  http: { about: ['Dashboard, /healthz, /readyz, /metrics and /policy.json. On loopback only; "off" for none.', 'If the default port is taken, another one is used and said at the start.'], takes: 'endpoint', fallback: '127.0.0.1:4782' },

  'disk.cap': { about: ['What the database may take with everything around it, free pages and log included.', 'Nothing is written beyond it, whatever comes.'], takes: 'size', fallback: capBytes },
  'disk.full-share': { about: ['From this share of the cap no new mailbox is made. Mail for those that are there is still taken.'], takes: 'share', fallback: thresholds.capShare },
  'disk.keep-free': { about: ['No new mailbox either when the file system has less than this left.'], takes: 'size', fallback: thresholds.availableBytesMin },

  'admission.mode': { about: ['Who gets a mailbox: "open" everybody, "code" whoever names one of the codes, "list" the listed PeerIds.', 'Who has a mailbox keeps it when this changes.'], takes: ['open', 'code', 'list'], fallback: 'open' },
  'admission.codes': { about: ['With "code": the codes. Treat them as passwords.'], takes: 'list', fallback: [] },
  'admission.peers': { about: ['With "list": the PeerIds of the devices.'], takes: 'list', fallback: [] },
  'admission.mailboxes': { about: ['Mailboxes at most.'], takes: 'count', fallback: mailboxesMax },
  'admission.memory': { about: ['No new mailbox while the process uses more memory than this.'], takes: 'size', fallback: thresholds.residentBytesMax },
  'admission.lag': { about: ['No new mailbox while the process runs this far behind: what a full processor looks like from inside.'], takes: 'duration', fallback: thresholds.loopDelayMsMax },

  'mailbox.items': { about: ['What may wait in one mailbox.'], takes: 'count', fallback: quotas.mailboxItemsMax },
  'mailbox.size': { about: ['And how large that may be altogether.'], takes: 'size', fallback: quotas.mailboxBytesMax },
  'mailbox.aliases': { about: ['Doors into one mailbox: one for each contact.'], takes: 'count', fallback: quotas.aliasesMax },
  'mailbox.alias-items': { about: ['What may wait behind one door: from one contact.'], takes: 'count', fallback: quotas.aliasItemsMax },
  'mailbox.alias-size': { about: ['And how large that may be altogether.'], takes: 'size', fallback: quotas.aliasBytesMax },
  'mailbox.keep': { about: ['How long mail waits for its owner. Whoever sent it keeps it as well and learns when it ends.'], takes: 'duration', fallback: quotas.lifetimeMsMax },
  'mailbox.stuck': { about: ['A mailbox with mail that nobody has opened for this long is called stuck.'], takes: 'duration', fallback: stuckAfterMs },

  'rate.deposits-per-peer': { about: ['How fast one peer may deposit; "burst" is what may come at once.'], takes: 'rate', fallback: rates.depositsPerPeer },
  'rate.deposits-per-alias': { about: ['How fast mail may come through one door.'], takes: 'rate', fallback: rates.depositsPerAlias },
  'rate.refusals-per-peer': { about: ['Refusals that one peer may cause before it is slowed down.'], takes: 'rate', fallback: rates.refusalsPerPeer },
  'rate.requests-per-peer': { about: ['Everything else that one peer may ask.'], takes: 'rate', fallback: rates.requestsPerPeer },
  'rate.bundles-per-alias': { about: ['One-time keys handed out through one door.'], takes: 'rate', fallback: rates.bundlesPerAlias },
  'rate.files-per-peer': { about: ['Files that one peer may bring, give back or ask for.'], takes: 'rate', fallback: rates.blobsPerPeer },

  'media.on': { about: ['Keep files of users who are away, encrypted, in the folder blobs beside the database.', 'Off: none are taken; those that are here are given out until they expire.'], takes: 'flag', fallback: media.isOn },
  'media.cap': { about: ['What all of them together may take on the disk, on top of disk.cap. A file counts in full from the promise to keep it.'], takes: 'size', fallback: media.capBytes },
  'media.mailbox': { about: ['What is kept for one mailbox, whoever of its contacts has brought it.'], takes: 'size', fallback: media.mailboxBytesMax },
  'media.largest': { about: ['The largest single file, encrypted: at most an eighth more than as it was.'], takes: 'size', fallback: media.blobBytesMax },
  'media.keep': { about: ['How long a file is kept, unless whoever brings it asks for less.'], takes: 'duration', fallback: media.keepMsMax },
  'media.streams': { about: ['Files that come or go at the same time; each takes a few MB of memory.'], takes: 'count', fallback: media.streamsMax },
  'media.bitswap': { about: ['Answer IPFS nodes too, by bitswap, when they have shown the key of a file.'], takes: 'flag', fallback: true },
  'media.http': {
    about: ['Where files are also answered over HTTP, as an IPFS gateway does, to whoever shows the key of a file: for example "0.0.0.0:4783".', 'Without TLS: put a proxy in front of it. "off" for nowhere.'],
    takes: 'gateway',
    fallback: 'off'
  },

  'circuits.places': { about: ['Users behind routers who may be reached through this relay, at once. 0: none.'], takes: 'count', fallback: CIRCUIT_RESERVATIONS_MAX },
  'circuits.size': { about: ['What one such connection may carry, both ways together, before it ends.'], takes: 'size', fallback: CIRCUIT_BYTES_MAX },
  'circuits.time': { about: ['How long it may last.'], takes: 'duration', fallback: CIRCUIT_DURATION_MS },

  'dht.on': { about: ['Take part in the directory of all relays, by which people are found.'], takes: 'flag', fallback: true },
  'dht.bootstrap': { about: ['Other relays to begin with, as multiaddrs that end in /p2p/PEERID.'], takes: 'list', fallback: [] }
} as const satisfies Readonly<Record<string, RelaySettingSpec>>

export type RelaySettingName = keyof typeof RELAY_SETTINGS_TABLE
export const RELAY_SETTING_NAMES = Object.keys(RELAY_SETTINGS_TABLE) as readonly RelaySettingName[]

/** What stands above each section. */
export const SECTION_TITLES: Readonly<Record<string, string>> = {
  disk: 'The disk',
  admission: 'New mailboxes',
  mailbox: 'What a mailbox holds',
  rate: 'How fast, for each who comes',
  media: 'Files of users',
  circuits: 'Connections to users behind routers',
  dht: 'The directory of relays'
}

export function specOf (name: RelaySettingName): RelaySettingSpec {
  return RELAY_SETTINGS_TABLE[name]
}

/** `disk.keep-free` → `SKEIN_RELAY_DISK_KEEP_FREE`. */
export function variableOf (name: RelaySettingName): string {
  return `SKEIN_RELAY_${name.toUpperCase().replaceAll(/[.-]/g, '_')}`
}
