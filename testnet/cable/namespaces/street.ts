/**
 * How a small internet is built of namespaces, as shell scripts: a street that everybody hangs on by a line of their own; on each line a
 * router, and behind it the host of one node. Decides only; cable.ts runs it.
 */
import type { NatKind } from '../kinds.ts'
import type { Rules } from '../rules.ts'

export interface Lot {
  readonly name: string
  /** From 1 to 254; its third octet. */
  readonly number: number
}

export const STREET = 'street'
/** The next hop on every line: RFC 3927, so nobody's address. */
const GATEWAY = '169.254.0.1'
const PARTS_PER_MILLION = 1_000_000

/** What a router remembers of what goes out, and what it therefore leads inside. The kernel by itself lets answers in, and nothing else. */
const LEARN: Partial<Record<NatKind, string>> = {
  'full-cone': 'update @open { meta l4proto . th sport }',
  restricted: 'update @known { meta l4proto . th sport . ip daddr }'
}
const LEAD: Partial<Record<NatKind, string>> = {
  forwarded: 'meta l4proto { tcp, udp } th dport 1024-65535',
  'full-cone': 'meta l4proto . th dport @open',
  restricted: 'meta l4proto . th dport . ip saddr @known'
}

export function hostOf ({ name }: Lot): string { return `h-${name}` }

export function routerOf ({ name }: Lot): string { return `r-${name}` }

/** Of the street, at the end of this line. */
export function portOf ({ number }: Lot): string { return `p${number}` }

/** Where a public host is. Of 11/8, which is public to whoever looks at it, and which nobody on the internet announces to us. */
export function publicHostOf ({ number }: Lot): string { return `11.0.${number}.2` }

/** By which a line is known on the street, whatever router there is. */
function netOf ({ number }: Lot): string { return `11.0.${number}.0/24` }

export function streetScript (): string { return spaceScript(STREET, { isRouter: true }) }

export function hostScript (lot: Lot): string { return spaceScript(hostOf(lot), { isRouter: false }) }

/** A line and the router on it. */
export function routerScript (lot: Lot, kind: NatKind): string {
  const [router, host, port, outer] = [routerOf(lot), hostOf(lot), portOf(lot), outerOf(lot)]
  const inner = kind === 'none' ? `11.0.${lot.number}` : `192.168.${lot.number}`
  return `${spaceScript(router, { isRouter: true })}
ip link add ${port} netns ${STREET} type veth peer name wan netns ${router}
ip link add lan netns ${router} type veth peer name eth0 netns ${host}
ip -n ${STREET} addr add ${GATEWAY}/32 dev ${port}
ip -n ${STREET} link set ${port} up
ip -n ${STREET} route add ${netOf(lot)} via ${outer} dev ${port} onlink
ip -n ${router} addr add 169.254.1.${lot.number}/32 dev wan
ip -n ${router} link set wan up
ip -n ${router} link set lan up
ip -n ${router} addr add ${inner}.1/24 dev lan
${kind === 'none' ? '' : `ip -n ${router} addr add ${outer}/32 dev wan`}
ip -n ${router} route add default via ${GATEWAY} dev wan onlink
ip -n ${host} link set eth0 up
ip -n ${host} addr add ${inner}.2/24 dev eth0
ip -n ${host} route add default via ${inner}.1
${kind === 'none' ? '' : nftScript(router, natRules(kind, { inner: `${inner}.2`, leaving: `snat to ${outer}` }))}`
}

/** Its memory of connections goes with its namespace. */
export function withoutRouterScript (lot: Lot): string {
  return `ip -n ${STREET} link del ${portOf(lot)}\nip -n ${routerOf(lot)} link del lan\nip netns del ${routerOf(lot)}`
}

/** What goes over a line takes this device at either end: a pair of the kernel's, or a wire in user space. */
export function wayScript (lot: Lot, way: 'veth' | 'wire'): string {
  const [port, router] = [portOf(lot), routerOf(lot)]
  return way === 'wire'
    ? `ip -n ${STREET} link set ${wireOf(lot)} up\nip -n ${router} link set wire up\nip -n ${STREET} route replace ${netOf(lot)} dev ${wireOf(lot)}\nip -n ${router} route replace default dev wire`
    : `ip -n ${STREET} route replace ${netOf(lot)} via ${outerOf(lot)} dev ${port} onlink\nip -n ${router} route replace default via ${GATEWAY} dev wan onlink`
}

/** The street's end of a wire. */
export function wireOf ({ number }: Lot): string { return `w${number}` }

/**
 * A router as nft rules. It drops what comes in unasked: a reset would tell, and would take the port from the inside.
 * @param inner who is behind it @param leaving what gives a packet the router's address
 */
export function natRules (kind: Exclude<NatKind, 'none'>, { inner, leaving }: { readonly inner: string, readonly leaving: string }): string {
  const learn = LEARN[kind]
  const lead = LEAD[kind]
  return `
table ip nat {
  set open { type inet_proto . inet_service; flags dynamic,timeout; timeout 5m; }
  set known { type inet_proto . inet_service . ipv4_addr; flags dynamic,timeout; timeout 5m; }
  chain learn { type filter hook prerouting priority -150; ${learn === undefined ? '' : `iifname lan meta l4proto { tcp, udp } ${learn};`} }
  chain in { type nat hook prerouting priority -100; ${lead === undefined ? '' : `iifname != lan ${lead} dnat to ${inner};`} }
  chain out { type nat hook postrouting priority 100; oifname != lan ${leaving}${kind === 'symmetric' ? ' fully-random' : ''}; }
}
table ip guard {
  chain self { type filter hook input priority 0; iifname != lan ct state new drop; }
  chain through { type filter hook forward priority 0; ${kind === 'blocked-udp' ? 'meta l4proto udp drop; ' : ''}iifname != lan ct state new ct status & dnat == 0 drop; }
}`
}

/** What the street does not pass on, cuts and losses alike; nobody is told. Replaces what was there in one step. */
export function faultScript (lots: readonly Lot[], rules: Rules): string {
  const netsOf = (names: ReadonlySet<string>): string => `{ ${lots.filter(({ name }) => names.has(name)).map(netOf).join(', ')} }`
  const lines = [
    ...rules.partitions.flatMap(({ left, right }) => [`ip saddr ${netsOf(left)} ip daddr ${netsOf(right)} drop`, `ip saddr ${netsOf(right)} ip daddr ${netsOf(left)} drop`]),
    ...rules.off.size === 0 ? [] : ['saddr', 'daddr'].map(side => `ip ${side} ${netsOf(rules.off)} drop`),
    ...lots.flatMap(lot => {
      const parts = Math.round((rules.linkOf(lot.name).loss ?? 0) * PARTS_PER_MILLION)
      return parts === 0 ? [] : ['saddr', 'daddr'].map(side => `ip ${side} ${netOf(lot)} numgen random mod ${PARTS_PER_MILLION} < ${parts} drop`)
    })
  ]
  return nftScript(STREET, `table ip faults\ndelete table ip faults\ntable ip faults {\n  chain through {\n    type filter hook forward priority 0;\n    ${lines.join('\n    ')}\n  }\n}`)
}

/** The router's, or of the public net behind it; where its line ends in any case. */
function outerOf ({ number }: Lot): string { return `11.0.${number}.1` }

function spaceScript (space: string, { isRouter }: { readonly isRouter: boolean }): string {
  // Over one family of addresses, so that nothing finds a way around a fault. A kernel without the other one has nothing to switch off.
  const settings = ['echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 || :', ...isRouter ? ['echo 1 > /proc/sys/net/ipv4/ip_forward', 'echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter', 'echo 0 > /proc/sys/net/ipv4/conf/default/rp_filter'] : []]
  return `ip netns add ${space}\nip netns exec ${space} sh -euc '${settings.join('; ')}' 2> /dev/null\nip -n ${space} link set lo up`
}

function nftScript (space: string, rules: string): string { return `ip netns exec ${space} nft -f - <<'END'\n${rules}\nEND` }
