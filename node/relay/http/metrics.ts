/**
 * The relay's figures for Prometheus. Every metric has a help text and its unit in its name; all of them are listed in
 * docs/operating.md. The registry is made anew for each answer: the figures are counted elsewhere, this only writes them down.
 */
import { Counter, Gauge, Registry, type Histogram } from 'prom-client'
import type { HistogramView, RelayStats } from '../stats.ts'
import { CLOSED_WORDS, readinessOf } from './readiness.ts'

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

const PREFIX = 'skein_relay_'
const MS_PER_SECOND = 1_000

/** In the text format of Prometheus, version 0.0.4. */
export async function metricsText (stats: RelayStats): Promise<string> {
  const registry = new Registry()
  const sheet = sheetOn(registry)
  describeRelay(stats, sheet)
  describeHeld(stats, sheet)
  describeDeposits(stats, sheet)
  describeCommits(stats, sheet)
  describeTraffic(stats, sheet)
  describeMedia(stats, sheet)
  describePeers(stats, sheet)
  return await registry.metrics()
}

interface Sheet {
  /** A figure that goes up and down; none when it is undefined. */
  readonly gauge: (name: string, help: string, value: number | undefined) => void
  /** One that only rises while the process runs. */
  readonly counter: (name: string, help: string, value: number) => void
  /** A figure for each value of a label. */
  readonly labelled: (kind: 'gauge' | 'counter', about: { readonly name: string, readonly help: string, readonly label: string }, values: Readonly<Record<string, number>>) => void
  /** Of milliseconds; written in seconds. */
  readonly duration: (name: string, help: string, view: HistogramView) => void
  readonly sizes: (name: string, help: string, view: HistogramView) => void
}

function describeRelay (stats: RelayStats, { gauge, labelled }: Sheet): void {
  const { version, startedAtMs, closed, memory, loopDelayMs, disk } = stats
  labelled('gauge', { name: 'info', help: 'Always 1; which version runs.', label: 'version' }, { [version]: 1 })
  gauge('start_time_seconds', 'When the process started, seconds since 1970.', startedAtMs / MS_PER_SECOND)
  gauge('ready', '1 while deposits are taken and mail is handed out, as /readyz says.', readinessOf(stats).isReady ? 1 : 0)
  labelled('gauge', { name: 'closed', help: '1 for each reason why nobody gets a new mailbox at the moment.', label: 'reason' },
    Object.fromEntries(Object.keys(CLOSED_WORDS).map(reason => [reason, closed.some(other => other === reason) ? 1 : 0])))
  gauge('resident_memory_bytes', 'Memory that the process holds.', memory.residentBytes)
  gauge('heap_bytes', 'Of it, what JavaScript objects take.', memory.heapBytes)
  gauge('loop_delay_seconds', 'How far the event loop runs behind, a mean of the last seconds: a full processor, seen from inside.', loopDelayMs / MS_PER_SECOND)
  gauge('disk_used_bytes', 'The database with its log, free pages included: what counts against the cap.', disk.usedBytes)
  gauge('disk_cap_bytes', 'The cap: disk.cap in relay.toml.', disk.capBytes)
  gauge('disk_free_pages_bytes', 'Pages of the database that are free: used next, or given back.', disk.freeBytes)
  gauge('disk_available_bytes', 'What the file system has left.', disk.availableBytes)
}

function describeHeld ({ held, stuck, nowMs }: RelayStats, { gauge }: Sheet): void {
  gauge('mailboxes', 'Mailboxes that there are.', held.mailboxes)
  gauge('mailboxes_blocked', 'Of them, how many their operator has blocked.', held.mailboxesBlocked)
  gauge('mailboxes_stuck', 'Mailboxes with mail that nobody has opened for as long as mailbox.stuck says.', stuck.count)
  gauge('aliases', 'Doors into all mailboxes.', held.aliases)
  gauge('waiting_envelopes', 'Envelopes that wait for their owner.', held.items)
  gauge('waiting_bytes', 'Size of the envelopes that wait for their owner.', held.bytes)
  gauge('oldest_waiting_seconds', 'How long the envelope that has waited longest has waited.', held.oldestAtMs === undefined ? 0 : (nowMs - held.oldestAtMs) / MS_PER_SECOND)
  gauge('prekeys', 'One-time prekeys in store for all devices together.', held.prekeys)
  gauge('prekey_shards', 'Devices that keep prekeys here.', held.shards)
  gauge('remembered_ids', 'Ids of envelopes that were collected or have expired, kept for whoever deposits or asks again.', held.remembered)
  gauge('directory_records', 'Signed records of the directory that are kept.', held.records)
}

function describeDeposits ({ deposits, answeredMs }: RelayStats, { counter, labelled, duration }: Sheet): void {
  counter('deposits_stored_total', 'New envelopes that were stored.', deposits.stored)
  counter('deposits_stored_bytes_total', 'Size of the new envelopes that were stored.', deposits.storedBytes)
  counter('deposits_known_total', 'Deposits of an envelope that was there already, answered as the first time.', deposits.known)
  labelled('counter', { name: 'deposits_refused_total', help: 'Deposits that were refused, by the reason that the depositor was told.', label: 'reason' }, deposits.refused)
  duration('deposit_answer_seconds', 'From a deposit\'s arrival until its signed answer left, the disk included.', answeredMs)
}

function describeCommits ({ commits }: RelayStats, { counter, duration, sizes }: Sheet): void {
  counter('commits_total', 'Transactions that were committed.', commits.count)
  counter('commits_failed_total', 'Transactions that the disk refused: look at the log.', commits.failed)
  sizes('commit_group_entries', 'What was written in one transaction.', commits.groupSizes)
  duration('commit_transaction_seconds', 'The transaction, from its begin to its commit.', commits.transactionMs)
  duration('commit_flush_seconds', 'From the commit until the disk had it.', commits.flushMs)
}

function describeTraffic ({ traffic }: RelayStats, { counter, labelled }: Sheet): void {
  counter('collected_total', 'Envelopes handed to their owners.', traffic.collected)
  counter('collected_bytes_total', 'Size of the envelopes handed to their owners.', traffic.collectedBytes)
  counter('acknowledged_total', 'Envelopes deleted because their owner has them.', traffic.acknowledged)
  counter('expired_total', 'Envelopes deleted because nobody collected them in time.', traffic.expired)
  counter('alias_changes_total', 'Changes of doors by owners.', traffic.aliasChanges)
  labelled('counter', { name: 'bundles_total', help: 'Prekey bundles asked for: with a one-time key, with the last resort, or refused.', label: 'outcome' },
    { one_time: traffic.bundlesOneTime, last_resort: traffic.bundlesLastResort, refused: traffic.bundlesRefused })
  counter('shard_uploads_total', 'Uploads of prekeys by owners.', traffic.shardUploads)
  counter('directory_puts_total', 'Records of the directory that were taken.', traffic.recordsPut)
  counter('directory_gets_total', 'Records of the directory that were asked for.', traffic.recordsGot)
  counter('audits_asked_total', 'Envelopes that their senders asked about.', traffic.auditsAsked)
  counter('audits_affirmed_total', 'Of them, those that were here or had been handed over. A gap to audits_asked_total is loss, or an asker who invents.', traffic.auditsAffirmed)
  counter('malformed_total', 'Streams and requests that ended because something in them was malformed.', traffic.malformed)
  labelled('counter', { name: 'mailbox_requests_total', help: 'New mailboxes that were asked for, and those that their owners closed.', label: 'outcome' },
    { made: traffic.mailboxesMade, refused: traffic.mailboxesRefused, closed: traffic.mailboxesClosed })
}

function describeMedia ({ media }: RelayStats, { gauge, counter, labelled }: Sheet): void {
  gauge('media_on', '1 while files of users are taken: media.on in relay.toml.', media.isOn ? 1 : 0)
  gauge('media_files', 'Files of users that are kept, unfinished ones included.', media.blobs)
  gauge('media_files_unfinished', 'Of them, those of which something is still to come.', media.unfinished)
  gauge('media_references', 'For how many mailboxes they are kept: one file may be kept for several.', media.references)
  gauge('media_used_bytes', 'What all of them may take on the disk, unfinished ones in full: what counts against media.cap.', media.usedBytes)
  gauge('media_cap_bytes', 'The cap on that: media.cap in relay.toml.', media.capBytes)
  counter('media_stored_total', 'Files that became whole, on the disk.', media.stored)
  counter('media_received_bytes_total', 'Bytes of files that came and were verified.', media.receivedBytes)
  counter('media_opened_total', 'Files that somebody opened with their key.', media.opened)
  counter('media_served_bytes_total', 'Bytes of files that left, by whichever way.', media.servedBytes)
  counter('media_released_total', 'References that their owners gave back.', media.released)
  counter('media_expired_total', 'References that ended because their time was over.', media.expired)
  counter('media_lost_total', 'Files that were promised and are not on the disk: somebody has touched it, or it fails.', media.lost)
  labelled('counter', { name: 'media_refused_total', help: 'Files that were refused, by the reason that whoever brought them was told.', label: 'reason' }, media.refused)
}

function describePeers ({ peers }: RelayStats, { gauge }: Sheet): void {
  gauge('connections', 'Peers connected.', peers.connections)
  gauge('streams_depositing', 'Open streams that bring mail.', peers.depositing)
  gauge('streams_collecting', 'Owners who are collecting: users online.', peers.collecting)
  gauge('reservations', 'Users behind routers who can be reached through this relay.', peers.reservations)
  gauge('reservations_max', 'How many there may be: circuits.places in relay.toml.', peers.reservationsMax)
  gauge('dht_peers', 'Other relays in the routing table of the directory.', peers.dht)
}

function sheetOn (registry: Registry): Sheet {
  const registers = [registry]
  return {
    gauge (name, help, value) {
      if (value !== undefined) new Gauge({ name: PREFIX + name, help, registers }).set(value)
    },
    counter (name, help, value) {
      new Counter({ name: PREFIX + name, help, registers }).inc(value)
    },
    labelled (kind, { name, help, label }, values) {
      const configuration = { name: PREFIX + name, help, labelNames: [label], registers }
      if (kind === 'gauge') {
        const metric = new Gauge(configuration)
        for (const [value, count] of Object.entries(values)) metric.set({ [label]: value }, count)
      } else {
        const metric = new Counter(configuration)
        for (const [value, count] of Object.entries(values)) metric.inc({ [label]: value }, count)
      }
    },
    duration: (name, help, view) => { register(registry, { name, help, view, unit: MS_PER_SECOND }) },
    sizes: (name, help, view) => { register(registry, { name, help, view, unit: 1 }) }
  }
}

interface Counted { readonly name: string, readonly help: string, readonly view: HistogramView, readonly unit: number }

/** The library's histogram counts by itself and cannot be told counts; a registry asks for no more than this. */
function register (registry: Registry, { name, help, view, unit }: Counted): void {
  const full = PREFIX + name
  const metric = { name: full, get: async () => await Promise.resolve({ name: full, help, type: 'histogram', values: histogramValues(full, view, unit) }) }
  registry.registerMetric(metric as unknown as Histogram)
}

function histogramValues (name: string, { bounds, counts, sum, count }: HistogramView, unit: number): readonly object[] {
  let cumulated = 0
  const buckets = [...bounds.map(bound => bound / unit), '+Inf'].map((le, step) => {
    cumulated += counts[step] ?? 0
    return { metricName: `${name}_bucket`, labels: { le }, value: cumulated }
  })
  return [...buckets, { metricName: `${name}_sum`, labels: {}, value: sum / unit }, { metricName: `${name}_count`, labels: {}, value: count }]
}
