/**
 * A small internet of network namespaces: two relays on a street, two users each behind a router of a chosen kind. Needs root, nft
 * and veth; `whyNot` says what is missing. Delay and loss come from a cable in user space (wire.py), since kernels in
 * containers have no netem.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { natRules } from '../../testnet/cable/namespaces/street.ts'
import { LabPeer, type PeerSpec } from './lab-peer.ts'

/**
 * `none`: public. `forwarded`: all ports lead inside. `cone`: any remote may use a port that the inside has used. `restricted`:
 * only whom the inside has written to. `symmetric`: another outer port for each remote.
 */
export type Kind = 'none' | 'forwarded' | 'cone' | 'restricted' | 'symmetric'
/** As a testnet names them. */
const ROUTERS = { forwarded: 'forwarded', cone: 'full-cone', restricted: 'port-restricted', symmetric: 'symmetric' } as const
export type Side = 'a' | 'b'
export type Place = 'r1' | 'r2' | Side

export interface Weather {
  readonly delayMs: number
  /** Share of packets. */
  readonly loss: number
}

export const RELAY_HOSTS = { r1: '11.0.0.11', r2: '11.0.0.12' } as const
const WAN_HOSTS = { a: '11.0.0.101', b: '11.0.0.102' } as const
const SPACES = ['i', 'r1', 'r2', 'na', 'nb', 'a', 'b'] as const
const WIRE = join(import.meta.dirname, 'wire.py')

/** The reason why there can be no lab here, or undefined. */
export function whyNot (): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  for (const command of ['ip', 'nft', 'conntrack']) if (spawnSync('which', [command]).status !== 0) return `the command ${command} is missing`
  const name = `sk${process.pid}-probe`
  const isPermitted = spawnSync('bash', ['-eu'], {
    input: `ip netns add ${name}\nip -n ${name} link add v0 type veth peer name v1\nip -n ${name} link add br0 type bridge
      echo 'table ip t { chain c { type nat hook postrouting priority 100; masquerade fully-random; }; }' | ip netns exec ${name} nft -f -`
  }).status === 0
  spawnSync('ip', ['netns', 'del', name])
  return isPermitted ? undefined : 'network namespaces with NAT are not permitted'
}

/** The reason why there can be no delay and loss here, or undefined. */
export function whyNoWire (): string | undefined {
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun'
  return spawnSync('python3', ['--version']).status === 0 ? undefined : 'python3 is missing'
}

export class Lab {
  static #count = 0
  readonly #prefix = `sk${process.pid}${(Lab.#count++).toString(36)}-`
  readonly #peers = new Set<LabPeer>()
  readonly #cables: Array<{ readonly kill: () => void }> = []
  readonly #gateways = { a: '', b: '' }

  /** With weather, both routers' cables to the street have it. */
  static async up ({ a, b, weather }: { readonly a: Kind, readonly b: Kind, readonly weather?: Weather }): Promise<Lab> {
    const lab = new Lab()
    try {
      lab.#build(weather === undefined)
      if (weather !== undefined) for (const side of ['a', 'b'] as const) await lab.#cable(side, weather)
      for (const [side, kind] of [['a', a], ['b', b]] as const) lab.#connect(side, kind)
      for (const [side, kind] of [['a', a], ['b', b]] as const) lab.#open(side, kind)
      return lab
    } catch (error) {
      await lab.down()
      throw error
    }
  }

  async down (): Promise<void> {
    for (const peer of this.#peers) await peer.kill()
    for (const cable of this.#cables) cable.kill()
    for (const space of SPACES) spawnSync('ip', ['netns', 'del', this.#name(space)])
  }

  /** A node in one of the places, in a process of its own. */
  async start (place: Place, spec: PeerSpec = {}): Promise<LabPeer> {
    const isRelay = place === 'r1' || place === 'r2'
    const peer = await LabPeer.start(this.enter(place), isRelay ? { isRelay, listen: [`/ip4/${RELAY_HOSTS[place]}/tcp/4001`], announce: [`/ip4/${RELAY_HOSTS[place]}/tcp/4001`], ...spec } : spec)
    this.#peers.add(peer)
    return peer
  }

  /** What puts a command into one of the places. */
  enter (place: Place): readonly string[] { return ['ip', 'netns', 'exec', this.#name(place)] }

  /** A command in one of the places. It is over when it ends; `down` ends it. */
  spawn (place: Place, command: readonly string[]): ChildProcessByStdio<null, Readable, null> {
    const [program = '', ...line] = [...this.enter(place), ...command]
    const child = spawn(program, line, { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#cables.push({ kill: () => { child.kill('SIGKILL') } })
    return child
  }

  /** Another router: what it remembered is gone. */
  become (side: Side, kind: Kind): void {
    this.run(`n${side}`, 'nft flush ruleset')
    this.#route(side, kind)
    this.run(`n${side}`, 'conntrack -F 2>/dev/null')
  }

  /** The cable between a router and the street, or (with `inside`) between a user and the router. */
  link (side: Side, state: 'up' | 'down', where: 'outside' | 'inside' = 'outside'): void {
    if (where === 'inside') this.run(side, `ip link set eth0 ${state}\n${state === 'up' ? `ip route replace default via ${this.#gateways[side]}` : ''}`)
    else this.run(`n${side}`, `ip link set wan ${state}\n${state === 'up' ? this.#routes(side) : ''}`)
  }

  /** Nothing gets through the router any more, and nobody is told. */
  blackHole (side: Side): void { this.run(`n${side}`, 'nft -f - <<< "table ip hole { chain f { type filter hook forward priority -10; drop; }; }"') }

  /** The provider gives the router another address. */
  changeAddress (side: Side, host: string): void {
    this.run(`n${side}`, `ip addr flush dev wan\nip addr add ${host}/24 dev wan\n${this.#routes(side)}\nconntrack -F 2>/dev/null`)
  }

  /** The user's machine gets another address on its own network. */
  changeOwnAddress (side: Side): void {
    const net = side === 'a' ? 1 : 2
    this.run(side, `ip addr flush dev eth0\nip addr add 192.168.${net}.77/24 dev eth0\nip route replace default via ${this.#gateways[side]}`)
  }

  /** Bytes on the user's cable, both directions, headers included. */
  bytesOf (side: Side): number {
    const [link] = JSON.parse(execFileSync('ip', ['-n', this.#name(side), '-s', '-j', 'link', 'show', 'eth0'], { encoding: 'utf8' })) as Array<{ readonly stats64: { readonly rx: { readonly bytes: number }, readonly tx: { readonly bytes: number } } }>
    return (link?.stats64.rx.bytes ?? 0) + (link?.stats64.tx.bytes ?? 0)
  }

  run (space: string, script: string): void {
    const { status, stderr } = spawnSync('ip', ['netns', 'exec', this.#name(space), 'bash', '-eu'], { input: script, encoding: 'utf8' })
    if (status !== 0) throw new Error(`in ${space}: ${script}: ${stderr}`)
  }

  #name (space: string): string { return `${this.#prefix}${space}` }

  #build (isCabled: boolean): void {
    const script = SPACES.map(space => `ip netns add ${this.#name(space)}; ip netns exec ${this.#name(space)} sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ip -n ${this.#name(space)} link set lo up`)
    const street = this.#name('i')
    script.push(`ip -n ${street} link add br0 type bridge; ip -n ${street} link set br0 up; ip -n ${street} addr add 11.0.0.1/24 dev br0`)
    const plug = (port: string, space: string, device: string): void => {
      script.push(`ip link add ${port} netns ${street} type veth peer name ${device} netns ${this.#name(space)}; ip -n ${street} link set ${port} up master br0; ip -n ${this.#name(space)} link set ${device} up`)
    }
    for (const relay of ['r1', 'r2'] as const) {
      plug(relay, relay, 'eth0')
      script.push(`ip -n ${this.#name(relay)} addr add ${RELAY_HOSTS[relay]}/24 dev eth0`)
    }
    for (const side of ['a', 'b'] as const) {
      if (isCabled) plug(`n${side}`, `n${side}`, 'wan')
      script.push(`ip link add lan netns ${this.#name(`n${side}`)} type veth peer name eth0 netns ${this.#name(side)}; ip -n ${this.#name(`n${side}`)} link set lan up; ip -n ${this.#name(side)} link set eth0 up`)
    }
    const { status, stderr } = spawnSync('bash', ['-eu'], { input: script.join('\n'), encoding: 'utf8' })
    if (status !== 0) throw new Error(`the lab cannot be built: ${stderr}`)
  }

  async #cable (side: Side, { delayMs, loss }: Weather): Promise<void> {
    const wire = spawn('python3', [WIRE, this.#name('i'), `n${side}`, this.#name(`n${side}`), 'wan', `${delayMs}`, `${loss}`], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#cables.push({ kill: () => { wire.kill('SIGKILL') } })
    await once(wire.stdout, 'data')
    this.run('i', `ip link set n${side} master br0`)
  }

  #connect (side: Side, kind: Kind): void {
    const net = side === 'a' ? 1 : 2
    const inside = kind === 'none' ? `11.0.1${net}` : `192.168.${net}`
    this.#gateways[side] = `${inside}.1`
    this.run(`n${side}`, `sysctl -qw net.ipv4.ip_forward=1\nip addr add ${WAN_HOSTS[side]}/24 dev wan\nip addr add ${inside}.1/24 dev lan`)
    this.run(side, `ip addr add ${inside}.2/24 dev eth0\nip route add default via ${inside}.1`)
  }

  /** A router with its rules, or a street on which everybody knows the way to a public host. */
  #open (side: Side, kind: Kind): void {
    this.#route(side, kind)
    if (kind !== 'none') return
    for (const other of ['r1', 'r2', side === 'a' ? 'nb' : 'na', 'i']) this.run(other, `ip route add 11.0.1${side === 'a' ? 1 : 2}.0/24 via ${WAN_HOSTS[side]}`)
  }

  #routes (side: Side): string {
    const other = side === 'a' ? 'b' : 'a'
    return `ip route replace 11.0.1${other === 'a' ? 1 : 2}.0/24 via ${WAN_HOSTS[other]}`
  }

  #route (side: Side, kind: Kind): void {
    if (kind !== 'none') this.run(`n${side}`, `nft -f - <<'N'\n${natRules(ROUTERS[kind], { inner: `192.168.${side === 'a' ? 1 : 2}.2`, leaving: 'masquerade' })}\nN`)
  }
}
