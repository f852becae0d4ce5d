/**
 * Delay and pace of a line: by the kernel's netem where it has it, else by a wire in user space (wire.py), which takes over a line
 * while it is slow. Node cannot open a TUN device without native code; Python can.
 */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { UnfitError, whyNotAsRoot } from '../../fitness.ts'
import type { Link } from '../rules.ts'
import type { Spaces } from './spaces.ts'
import { portOf, routerOf, STREET, wayScript, wireOf, type Lot } from './street.ts'

/** How lines are made slow. */
export interface Shaper extends AsyncDisposable {
  /** In words. */
  readonly means: string
  /** @throws UnfitError when nothing here makes a line slow */
  readonly requireIt: () => void
  readonly shape: (lot: Lot, link: Link) => Promise<void>
  /** The line is going to be taken away. */
  readonly forget: (lot: Lot) => Promise<void>
}

export function shaperFor (spaces: Spaces): Shaper {
  if (hasNetem(spaces)) return netemShaper(spaces)
  const reason = existsSync('/dev/net/tun') ? whyNotAsRoot(['python3']) : 'there is no /dev/net/tun'
  return reason === undefined ? wireShaper(spaces) : noShaper(reason)
}

/** Whether a line is anything but fast. */
function isSlow ({ delayMs, jitterMs, bytesPerSecond }: Link): boolean { return delayMs > 0 || jitterMs > 0 || bytesPerSecond !== undefined }

/** Found out by trying: no other answer is as true. */
function hasNetem (spaces: Spaces): boolean {
  try {
    spaces.run(`tc -n ${STREET} qdisc add dev lo root netem delay 1ms\ntc -n ${STREET} qdisc del dev lo root`)
    return true
  } catch {
    return false
  }
}

/** Both ends of a line send through it. */
export function netemScript (lot: Lot, link: Link): string {
  const { delayMs, jitterMs, bytesPerSecond } = link
  const rate = bytesPerSecond === undefined ? '' : ` rate ${Math.max(8, Math.round(bytesPerSecond * 8))}bit`
  return [[STREET, portOf(lot)], [routerOf(lot), 'wan']].map(([space = '', device = '']) => isSlow(link)
    ? `tc -n ${space} qdisc replace dev ${device} root netem delay ${delayMs}ms ${jitterMs}ms${rate}`
    : `tc -n ${space} qdisc del dev ${device} root 2> /dev/null || :`).join('\n')
}

function netemShaper (spaces: Spaces): Shaper {
  return {
    means: 'delay and rate by tc netem',
    requireIt: () => { /* it is there */ },
    shape: async (lot, link) => {
      await Promise.resolve()
      spaces.run(netemScript(lot, link))
    },
    forget: async () => { await Promise.resolve() },
    [Symbol.asyncDispose]: async () => { await Promise.resolve() }
  }
}

function wireShaper (spaces: Spaces): Shaper {
  const wires = new Map<string, Wire>()
  const forget = async ({ name }: Lot): Promise<void> => {
    const wire = wires.get(name)
    wires.delete(name)
    await wire?.[Symbol.asyncDispose]()
  }
  return {
    means: 'delay and rate by a wire in user space, since this kernel has no netem',
    requireIt: () => { /* it is there */ },
    shape: async (lot, link) => {
      const wire = wires.get(lot.name) ?? (isSlow(link) ? new Wire(spaces, lot) : undefined)
      if (wire === undefined) return
      if (isSlow(link)) {
        wires.set(lot.name, wire)
        await wire.become(link)
        spaces.run(wayScript(lot, 'wire'))
      } else {
        spaces.run(wayScript(lot, 'veth'))
        await forget(lot)
      }
    },
    forget,
    [Symbol.asyncDispose]: async () => { for (const wire of wires.values()) await wire[Symbol.asyncDispose]() }
  }
}

function noShaper (reason: string): Shaper {
  return {
    means: `no delay and no rate: this kernel has no netem, and for a wire in user space ${reason}`,
    requireIt: () => { throw new UnfitError(`nothing here makes a line slow: this kernel has no netem, and for a wire in user space ${reason}`, 'Losses need neither: --loss 5%') },
    shape: async () => { await Promise.resolve() },
    forget: async () => { await Promise.resolve() },
    [Symbol.asyncDispose]: async () => { await Promise.resolve() }
  }
}

class Wire implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams
  #complaint = ''

  constructor (spaces: Spaces, lot: Lot) {
    this.#process = spaces.start(['python3', '-I', '-S', join(import.meta.dirname, 'wire.py'), STREET, wireOf(lot), routerOf(lot), 'wire'])
    this.#process.stdin.on('error', () => undefined)
    this.#process.stderr.on('data', (bytes: Buffer) => { this.#complaint += bytes.toString() })
  }

  /** Resolves when it does so. */
  async become ({ delayMs, jitterMs, bytesPerSecond = 0 }: Link): Promise<void> {
    this.#process.stdin.write(`${delayMs} ${jitterMs} ${bytesPerSecond}\n`)
    const isThere = await Promise.race([once(this.#process.stdout, 'data').then(() => true), once(this.#process, 'close').then(() => false)])
    if (!isThere) throw new UnfitError(`no wire in user space: ${this.#complaint.trim().split('\n').at(-1) ?? 'it ended without a word'}`)
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    const { exitCode, signalCode, stdin } = this.#process
    if (exitCode !== null || signalCode !== null) return
    const ended = once(this.#process, 'exit')
    stdin.end()
    await ended
  }
}
