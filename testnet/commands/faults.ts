/** What can be broken in a testnet, and mended. */
import type { Invocation } from '../../cli/command.ts'
import { parseDuration } from '../../cli/time.ts'
import { UsageError } from '../../protocols/core/errors.ts'
import { NAT_KINDS, type NatKind } from '../cable/kinds.ts'
import { callTestnet, type Caller } from '../control/client.ts'
import type { NodeView, StatusView } from '../control/operations.ts'
import { directoryOf } from './directory.ts'
import { nodeText, statusText } from './views.ts'

export async function crash (invocation: Invocation): Promise<void> {
  const { arguments: [name = ''], flags } = invocation
  await tellNode(invocation, await callTestnet(callerOf(invocation), 'crash', { name, losesDisk: flags.isOn('loseDisk') }))
}

export async function start (invocation: Invocation): Promise<void> {
  const { arguments: [name = ''] } = invocation
  await tellNode(invocation, await callTestnet(callerOf(invocation), 'start', { name }))
}

export async function pause (invocation: Invocation): Promise<void> {
  const { arguments: [name = ''] } = invocation
  await tellNode(invocation, await callTestnet(callerOf(invocation), 'pause', { name }))
}

export async function resume (invocation: Invocation): Promise<void> {
  const { arguments: [name = ''] } = invocation
  await tellNode(invocation, await callTestnet(callerOf(invocation), 'resume', { name }))
}

export async function clock (invocation: Invocation): Promise<void> {
  const { arguments: [name = ''], flags } = invocation
  await tellNode(invocation, await callTestnet(callerOf(invocation), 'clock', { name, skewMs: skewFrom(flags.text('skew')) }))
}

export async function partition (invocation: Invocation): Promise<void> {
  const { arguments: [left = '', right = ''], flags } = invocation
  const lasts = flags.text('for')
  await tellStatus(invocation, await callTestnet(callerOf(invocation), 'partition', { left: namesIn(left), right: namesIn(right), forMs: lasts === undefined ? null : parseDuration(lasts, '--for') }))
}

export async function heal (invocation: Invocation): Promise<void> {
  await tellStatus(invocation, await callTestnet(callerOf(invocation), 'heal', {}))
}

export async function netem (invocation: Invocation): Promise<void> {
  const { arguments: [names = ''], flags } = invocation
  const [delay = '0', jitter = '0'] = (flags.text('delay') ?? '0').split('±')
  await tellStatus(invocation, await callTestnet(callerOf(invocation), 'link', {
    names: namesIn(names),
    delayMs: parseDuration(delay, '--delay'),
    // `80ms±40` means 40 ms.
    jitterMs: parseDuration(/^\d+$/.test(jitter) && jitter !== '0' ? `${jitter}ms` : jitter, '--delay'),
    bytesPerSecond: rateFrom(flags.text('rate')),
    loss: lossFrom(flags.text('loss'))
  }))
}

export async function nat (invocation: Invocation): Promise<void> {
  const { arguments: [name = ''], flags } = invocation
  await tellNode(invocation, await callTestnet(callerOf(invocation), 'nat', { name, kind: natFrom(flags.text('kind')) }))
}

export async function powerOff (invocation: Invocation): Promise<void> {
  const { arguments: [name = ''] } = invocation
  await tellNode(invocation, await callTestnet(callerOf(invocation), 'powerOff', { name }))
}

export async function fillDisk (invocation: Invocation): Promise<void> {
  const { arguments: [name = ''], flags } = invocation
  const lasts = flags.text('for')
  const leaveBytes = flags.isOn('free') ? null : flags.count('leave', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0
  await tellNode(invocation, await callTestnet(callerOf(invocation), 'fillDisk', { name, leaveBytes, forMs: lasts === undefined ? null : parseDuration(lasts, '--for') }))
}

function callerOf ({ flags, interrupted }: Invocation): Caller { return { directory: directoryOf(flags), interrupted } }

function namesIn (list: string): string[] { return list.split(',').map(name => name.trim()).filter(name => name !== '') }

async function tellNode ({ output }: Invocation, node: NodeView): Promise<void> { await output.result(node, nodeText(node)) }

async function tellStatus ({ output }: Invocation, status: StatusView): Promise<void> { await output.result(status, statusText(status)) }

/** `-1h`, `+90s`, `0`. */
function skewFrom (text: string | undefined): number {
  if (text === undefined) throw new UsageError('a clock needs --skew', 'For example: --skew -1h, --skew 90s, and --skew 0 to put it right')
  const isSlow = text.startsWith('-')
  return (isSlow ? -1 : 1) * parseDuration(text.replace(/^[-+]/, ''), '--skew')
}

/** `5%`. A share. */
function lossFrom (text: string | undefined): number {
  if (text === undefined) return 0
  const percent = Number(/^(\d+(?:\.\d+)?)%$/.exec(text)?.[1])
  if (!(percent <= 100)) throw new UsageError('--loss takes a share such as 5% or 0.5%')
  return percent / 100
}

function natFrom (text: string | undefined): NatKind {
  const kind = NAT_KINDS.find(each => each === text)
  if (kind === undefined) throw new UsageError(text === undefined ? 'a router needs --kind' : `there is no router of the kind ${text}`, `One of: ${NAT_KINDS.join(', ')}.`)
  return kind
}

const BITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 }

/** As tc writes it: `2mbit`, `500kbit`. Bytes per second; null: as fast as the machine. */
function rateFrom (text: string | undefined): number | null {
  if (text === undefined) return null
  const { number, unit } = /^(?<number>\d+(?:\.\d+)?)(?<unit>[kmg]?bit)$/.exec(text)?.groups ?? {}
  const bits = Number(number) * (BITS[unit ?? ''] ?? Number.NaN)
  if (!(bits >= 8)) throw new UsageError('--rate takes a rate such as 500kbit or 2mbit')
  return bits / 8
}
