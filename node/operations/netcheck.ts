/**
 * `netcheck`: who can reach this node, from where, and what to do where nobody can. The facts come from our relays
 * (node/net/reachability.ts); here they become findings, in words.
 */
import type { Result } from '../../protocols/local/operations.ts'
import type { RouterKind } from '../../protocols/paths/nat.ts'
import type { Clock, Network, RelayStanding, Survey } from '../ports.ts'
import type { Handlers } from './handlers.ts'

export interface NetcheckParts {
  readonly network: Network
  readonly clock: Clock
}

type Finding = Result<'netcheck'>['findings'][number]
interface TimedRelay extends RelayStanding { readonly ms?: number }

/** A node that has just started is given this long to reach its relays. */
const SETTLE_MS = 5_000
const LOOK_MS = 100

export function netcheckOperations (parts: NetcheckParts): Handlers<'netcheck'> {
  return { netcheck: async () => await netcheck(parts) }
}

async function netcheck ({ network, clock }: NetcheckParts): Promise<Result<'netcheck'>> {
  await untilSettled(network, clock)
  const survey = await network.survey()
  const relays = await Promise.all(network.relays().map(relay => timed(relay, network)))
  const { listening, router, seenAs, checked, neighbours } = survey
  return {
    findings: [...relayFindings(relays), ...directFindings(survey, relays), routerFinding(router, relays), ...neighbourFindings(neighbours)],
    addresses: network.addresses(),
    listening: [...listening],
    router,
    ...seenAs !== undefined && { seenAs },
    checked: checked.map(check => ({ ...check })),
    relays,
    neighbours
  }
}

async function untilSettled (network: Network, clock: Clock): Promise<void> {
  const beginMs = clock.monotonic()
  while (network.relays().some(({ state }) => state === 'connecting') && clock.monotonic() - beginMs < SETTLE_MS) {
    await new Promise<void>(resolve => { clock.timer(LOOK_MS, resolve) })
  }
}

async function timed (relay: RelayStanding, network: Network): Promise<TimedRelay> {
  if (!network.isConnected(relay.peerId)) return relay
  try {
    const { ms } = await network.ping({ peerId: relay.peerId, addresses: [] })
    return { ...relay, ms: Math.round(ms * 10) / 10 }
  } catch {
    // It has gone meanwhile: its standing says so the next time.
    return relay
  }
}

function relayFindings (relays: readonly TimedRelay[]): Finding[] {
  if (relays.length === 0) {
    return [{ severity: 'warn', what: 'no relay is used: messages arrive only while both sides are online', fix: 'skein relays add ADDRESS' }]
  }
  const reserved = relays.filter(({ state }) => state === 'reserved')
  const summary: Finding = reserved.length > 0
    ? { severity: 'ok', what: `reachable through ${reserved.length} of ${relayCount(relays)}` }
    : { severity: 'error', what: `reachable through none of ${relayCount(relays)}`, fix: 'Check the connection to the internet; then: skein relays test' }
  const others = relays.filter(({ state }) => state !== 'reserved').map(({ peerId, state, reason = 'no answer yet' }): Finding => state === 'refused'
    ? { severity: 'warn', what: `relay ${peerId}: no calls come through it (${reason})`, fix: 'It still keeps messages for you, if it agreed to. For calls another relay helps: skein relays add ADDRESS' }
    : { severity: 'warn', what: `relay ${peerId}: not connected (${reason})`, fix: 'It is tried again all the time. Gone for good: skein relays remove ADDRESS' })
  return [summary, ...others]
}

function directFindings ({ listening, checked }: Survey, relays: readonly TimedRelay[]): Finding[] {
  if (listening.length === 0) return [{ severity: 'ok', what: 'this node does not listen: others reach it through relays only' }]
  const reachable = checked.filter(({ result }) => result === 'reachable').map(({ address }) => address)
  if (reachable.length > 0) return [{ severity: 'ok', what: `reachable directly from anywhere, at ${reachable.join(', ')}` }]
  const unreachable = checked.filter(({ result }) => result === 'unreachable').map(({ address }) => address)
  if (unreachable.length > 0) {
    return [{ severity: 'ok', what: `not reachable directly from outside: ${unreachable.join(', ')} did not answer a relay`, fix: 'Not needed. For direct connections with everybody, forward the TCP port in the router, or open it in the firewall.' }]
  }
  const why = relays.length === 0 ? 'no relay is there to try' : 'no relay could try'
  return [{ severity: 'ok', what: `reachable on the own network; whether from outside is not known, since ${why}` }]
}

function routerFinding (router: RouterKind, relays: readonly TimedRelay[]): Finding {
  switch (router) {
    case 'open':
      return { severity: 'ok', what: 'no router changes our address: a direct connection is possible with nearly everybody' }
    case 'steady':
      return { severity: 'ok', what: 'behind a router that lets two nodes meet directly, unless the other side has a symmetric one' }
    case 'changing':
      return { severity: 'warn', what: 'behind a symmetric router: with others behind routers the way stays through a relay', fix: 'It works, and costs the relay\'s round trip. A forwarded TCP port in the router makes direct connections.' }
    case 'unknown':
      return { severity: 'ok', what: 'behind a router of a kind that one relay alone cannot tell' }
    case 'blocked':
      return relays.length === 0
        ? { severity: 'ok', what: 'what kind of router there is is not known: no relay is there to ask' }
        : { severity: 'warn', what: 'no answer over UDP: a firewall blocks it, or the relays sit behind a proxy', fix: 'Messages do not need it; direct connections between two routers do.' }
  }
}

function neighbourFindings (neighbours: number): Finding[] {
  return neighbours === 0 ? [] : [{ severity: 'ok', what: `${neighbours} ${neighbours === 1 ? 'node' : 'nodes'} on the same local network` }]
}

function relayCount ({ length }: readonly TimedRelay[]): string { return `${length} ${length === 1 ? 'relay' : 'relays'}` }
