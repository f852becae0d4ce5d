/** Who has mailboxes where, as a ring of users around their relays; who is down, cut off, or lost something. */
import { html, type Markup } from '../../node/page/markup.ts'
import { round, type Point } from '../../node/page/marks.ts'
import { countText } from '../../protocols/core/quantity.ts'
import type { NodeRecord, RunRecord } from './record.ts'

const WIDTH = 372
const HEIGHT = 312
const CENTRE = { x: WIDTH / 2, y: HEIGHT / 2 } as const
const USERS_RADIUS = 108
/** A relay in the middle has room for its name, until there are too many of them. */
const RELAYS_RADIUS = 56
const RELAY_NAMES_MAX = 8
const USER_NAMES_MAX = 16
const NAME_MAX = 9

interface Placed { readonly node: NodeRecord, readonly at: Point }

export function topology ({ nodes, partitions, losses }: Pick<RunRecord, 'nodes' | 'partitions' | 'losses'>): Markup {
  const relays = around(nodes.filter(({ kind }) => kind === 'relay'), 0, RELAYS_RADIUS)
  const users = around(nodes.filter(({ kind }) => kind === 'user'), 0.5, USERS_RADIUS)
  const lossy = new Set(losses.flatMap(({ from, to }) => [from, to]))
  const isCut = (one: string, other: string): boolean => partitions.some(({ left, right }) => (left.includes(one) && right.includes(other)) || (left.includes(other) && right.includes(one)))
  const lines = users.flatMap(user => (user.node.relays ?? []).flatMap(name => {
    const relay = relays.find(({ node }) => node.name === name)
    return relay === undefined ? [] : [html`<path class="${isCut(user.node.name, name) ? 'way cut' : 'way'}" d="${wayOf(user.at, relay.at)}"/>`]
  }))
  const losing = losses.flatMap(({ from, to }) => {
    const [one, other] = [from, to].map(name => users.find(({ node }) => node.name === name))
    return one === undefined || other === undefined ? [] : [html`<path class="way lost" d="${wayOf(one.at, other.at)}"/>`]
  })
  const hasNames = users.length <= USER_NAMES_MAX
  return html`<svg class="chart" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${topologyFinding({ nodes, partitions, losses })}">
${lines}${unique(losing)}
${users.map(placed => userMark(placed, { isLossy: lossy.has(placed.node.name), isNamed: hasNames || lossy.has(placed.node.name) }))}
${relays.map(placed => relayMark(placed, relays.length <= RELAY_NAMES_MAX))}
</svg>`
}

/** In words, for whoever cannot see it. */
export function topologyFinding ({ nodes, partitions, losses }: Pick<RunRecord, 'nodes' | 'partitions' | 'losses'>): string {
  const count = (kind: string): number => nodes.filter(node => node.kind === kind).length
  const away = nodes.filter(({ state }) => state !== 'up').map(({ name, state }) => `${name} is ${state}`)
  const lossy = [...new Set(losses.flatMap(({ from, to }) => [from, to]))]
  return [
    `${countOf(count('user'), 'user')} around ${countOf(count('relay'), 'relay')}.`,
    ...away.length === 0 ? [] : [`${away.slice(0, 5).join(', ')}${away.length > 5 ? ` and ${away.length - 5} more` : ''}.`],
    ...partitions.length === 0 ? [] : [`${countOf(partitions.length, 'line')} cut.`],
    ...lossy.length === 0 ? [] : [`Messages were lost between ${lossy.slice(0, 5).join(', ')}${lossy.length > 5 ? ' and others' : ''}.`]
  ].join(' ')
}

function countOf (count: number, what: string): string { return `${countText(count)} ${what}${count === 1 ? '' : 's'}` }

/** From the top, clockwise; one alone stands in the middle where it has the ring for itself. */
function around (nodes: readonly NodeRecord[], turn: number, radius: number): readonly Placed[] {
  const isAlone = nodes.length === 1 && radius === RELAYS_RADIUS
  return nodes.map((node, index) => {
    const angle = 2 * Math.PI * ((index + turn) / nodes.length) - Math.PI / 2
    return { node, at: isAlone ? CENTRE : { x: CENTRE.x + radius * Math.cos(angle), y: CENTRE.y + radius * Math.sin(angle) } }
  })
}

function wayOf (from: Point, to: Point): string { return `M${round(from.x)} ${round(from.y)}L${round(to.x)} ${round(to.y)}` }

/** A pair that lost a hundred messages is one line. */
function unique (lines: readonly Markup[]): readonly Markup[] { return [...new Set(lines.map(line => line.html))].map(text => lines.find(line => line.html === text) ?? html``) }

function userMark ({ node: { name, state }, at }: Placed, { isLossy, isNamed }: { readonly isLossy: boolean, readonly isNamed: boolean }): Markup {
  // Names stand outside of the ring.
  const side = Math.abs(at.x - CENTRE.x) < 12 ? 'middle' : at.x < CENTRE.x ? 'end' : 'start'
  const dx = side === 'middle' ? 0 : side === 'end' ? -10 : 10
  const dy = side !== 'middle' ? 4 : at.y < CENTRE.y ? -12 : 20
  const kind = isLossy ? 'lost' : state === 'up' ? '' : 'away'
  return html`<circle class="user ${kind}" cx="${round(at.x)}" cy="${round(at.y)}" r="5"><title>${name}, ${state}</title></circle>${isNamed ? html`<text${isLossy || state !== 'up' ? html` class="k"` : undefined} x="${round(at.x + dx)}" y="${round(at.y + dy)}" text-anchor="${side}">${cut(name)}</text>` : undefined}`
}

function relayMark ({ node: { name, state }, at }: Placed, isNamed: boolean): Markup {
  const short = name.replace(/^relay(?=\d)/, 'r')
  const isFit = isNamed && short.length <= 4
  return html`<circle class="relay ${state === 'up' ? '' : 'away'}" cx="${round(at.x)}" cy="${round(at.y)}" r="${isNamed ? 15 : 6}"><title>${name}, ${state}</title></circle>${isFit ? html`<text class="in ${state === 'up' ? '' : 'away'}" x="${round(at.x)}" y="${round(at.y + 4)}" text-anchor="middle">${short}</text>` : undefined}`
}

function cut (name: string): string { return name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 1)}…` : name }
