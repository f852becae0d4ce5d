/**
 * What a node can say about its way to the outside, from what others saw and found. Pure; asked by node/net/reachability.ts, put
 * into words by cli/commands/netcheck.ts. docs/protocols/transport.md, "Relays".
 */

/** How one socket of ours is seen by two servers. */
export interface Sighting {
  readonly host: string
  readonly port: number
}

/**
 * `open`: no router in between. `steady`: the same outer port towards everyone, so two such nodes can meet. `changing`: another
 * outer port towards each (symmetric). `unknown`: only one server answered. `blocked`: none did, UDP does not get through.
 */
export type RouterKind = 'open' | 'steady' | 'changing' | 'unknown' | 'blocked'

/** @param own addresses of our interfaces */
export function routerKind (own: readonly string[], sightings: ReadonlyArray<Sighting | undefined>): RouterKind {
  const [first, second] = sightings.filter(sighting => sighting !== undefined)
  if (first === undefined) return 'blocked'
  if (own.includes(first.host)) return 'open'
  if (second === undefined) return 'unknown'
  return first.port === second.port && first.host === second.host ? 'steady' : 'changing'
}
