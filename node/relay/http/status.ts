/** The relay's figures as the command line has them. */
import type { RelayMailboxView, RelayStatusView } from '../../../protocols/local/relay.ts'
import type { RelayStats } from '../stats.ts'
import { forecastDisk, forecastMedia } from './forecast.ts'
import type { MailboxView } from './operator.ts'
import { readinessOf } from './readiness.ts'
import type { Pace } from './recent.ts'

export interface StatusParts {
  readonly stats: RelayStats
  readonly pace: Pace
  readonly name: string
  readonly addresses: readonly string[]
  /** Of the dashboard. */
  readonly http: string | undefined
}

const DAY_MS = 24 * 3_600_000

export function statusView ({ stats, pace, name, addresses, http }: StatusParts): RelayStatusView {
  const { held, disk, deposits, traffic, media, peers, days } = stats
  const { isReady, reasons, closed } = readinessOf(stats)
  const forecast = forecastDisk({ days, usedBytes: disk.usedBytes, capBytes: disk.capBytes })
  const mediaForecast = forecastMedia(stats)
  return {
    peerId: stats.peerId,
    name,
    version: stats.version,
    state: stats.state,
    ready: isReady,
    reasons,
    closed,
    trouble: stats.trouble,
    startedAt: instant(stats.startedAtMs),
    addresses,
    http: http ?? null,
    mailboxes: held.mailboxes,
    mailboxesBlocked: held.mailboxesBlocked,
    envelopes: held.items,
    bytes: held.bytes,
    oldestAt: held.oldestAtMs === undefined ? null : instant(held.oldestAtMs),
    usedBytes: disk.usedBytes,
    capBytes: disk.capBytes,
    freeBytes: disk.freeBytes,
    availableBytes: disk.availableBytes ?? null,
    fullInDays: forecast?.fullInDays ?? null,
    media: {
      on: media.isOn,
      files: media.blobs,
      unfinished: media.unfinished,
      usedBytes: media.usedBytes,
      capBytes: media.capBytes,
      fullInDays: mediaForecast?.fullInDays ?? null,
      stored: media.stored,
      receivedBytes: media.receivedBytes,
      servedBytes: media.servedBytes,
      expired: media.expired,
      lost: media.lost,
      refused: media.refused
    },
    depositsPerSecond: pace.depositsPerSecond,
    p50Ms: pace.p50Ms ?? null,
    p99Ms: pace.p99Ms ?? null,
    stored: deposits.stored,
    known: deposits.known,
    refused: deposits.refused,
    collected: traffic.collected,
    acknowledged: traffic.acknowledged,
    expired: traffic.expired,
    auditsAsked: traffic.auditsAsked,
    auditsAffirmed: traffic.auditsAffirmed,
    refusedToday: refusedToday(stats),
    connections: peers.connections,
    depositing: peers.depositing,
    collecting: peers.collecting,
    reservations: peers.reservations ?? null,
    dht: peers.dht ?? null,
    stuck: stats.stuck.count,
    residentBytes: stats.memory.residentBytes,
    loopDelayMs: stats.loopDelayMs
  }
}

/** The last day that is written down may be one long ago, when the relay has just been started. */
export function refusedToday ({ days, nowMs }: Pick<RelayStats, 'days' | 'nowMs'>): Readonly<Record<string, number>> {
  const last = days.at(-1)
  return last?.day === Math.floor(nowMs / DAY_MS) ? last.refused : {}
}

export function mailboxView ({ name, peerId, items, bytes, oldestAtMs, nextExpiryAtMs, lastSeenAtMs, isBlocked }: MailboxView): RelayMailboxView {
  return {
    name,
    peerId,
    envelopes: items,
    bytes,
    oldestAt: oldestAtMs === undefined ? null : instant(oldestAtMs),
    endsAt: nextExpiryAtMs === undefined ? null : instant(nextExpiryAtMs),
    lastSeen: instant(lastSeenAtMs).slice(0, 10),
    blocked: isBlocked
  }
}

function instant (atMs: number): string {
  return new Date(atMs).toISOString()
}
