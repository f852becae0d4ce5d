/** Two people behind routers and two relays on the street, all of them with `skein` itself. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { Result } from '../../protocols/local/operations.ts'
import { Lab, RELAY_HOSTS, type Place } from './lab.ts'
import { pause, type Act } from './town.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts')

export const PEOPLE: Act = {
  title: 'two people behind routers',
  scenes: [{
    isShort: true,
    name: 'meet by a link, talk, and are directly connected a moment later',
    play: async (): Promise<string> => {
      const home = await mkdtemp(join(tmpdir(), 'skein-lab-'))
      const lab = await Lab.up({ a: 'restricted', b: 'restricted' })
      try {
        return await meet(new Street(lab, home))
      } finally {
        await lab.down()
        await rm(home, { recursive: true, force: true })
      }
    }
  }]
}

async function meet (street: Street): Promise<string> {
  const relays = await Promise.all([street.relay('r1'), street.relay('r2')])
  const [ana, bob] = await Promise.all([street.person('a', 'ana'), street.person('b', 'bob')])
  for (const relay of relays) await Promise.all([ana(['relays', 'add', relay]), bob(['relays', 'add', relay])])

  const check = await known(async () => await ana(['netcheck']) as Result<'netcheck'>)
  assert.equal(check.findings[0]?.what, 'reachable through 2 of 2 relays')
  assert.deepEqual([check.router, check.seenAs], ['steady', '11.0.0.101'])

  const { link } = await ana(['me', 'card']) as Result<'me.card'>
  await bob(['contact', 'add', link, '--as', 'ana'])
  const sent = await bob(['send', '@ana', 'Is the ferry running?', '--wait', 'delivered']) as Result<'send'>
  assert.equal(sent.state, 'delivered')
  for (;;) {
    const { path, ms } = await bob(['ping', '@ana']) as Result<'ping'>
    if (path === 'direct') return `a direct ping takes ${ms} ms`
    await pause(500)
  }
}

/** On a busy machine an answer over UDP may be late, and a router is then honestly unknown: it is asked for again. */
export async function known<Check extends { readonly router: string }> (ask: () => Promise<Check>): Promise<Check> {
  for (;;) {
    const check = await ask()
    if (check.router !== 'unknown') return check
    await pause(500)
  }
}

type Skein = (line: readonly string[]) => Promise<unknown>

/** Where everybody has a home and `skein`. */
class Street {
  readonly #lab: Lab
  readonly #home: string

  constructor (lab: Lab, home: string) {
    this.#lab = lab
    this.#home = home
  }

  /** Returns its address. */
  async relay (place: 'r1' | 'r2'): Promise<string> {
    const home = join(this.#home, place)
    await this.#run(place, ['relay', 'init', '--home', home, '--key-file'])
    const { peerId, addresses: [address = ''] } = await this.#up(place, ['relay', 'up', '--home', home, '--listen', `/ip4/${RELAY_HOSTS[place]}/tcp/4001`])
    return `${address}/p2p/${peerId}`
  }

  async person (place: 'a' | 'b', name: string): Promise<Skein> {
    const home = join(this.#home, name)
    await this.#run(place, ['init', '--home', home, '--name', name, '--key-file', '--accept', 'all', '--words-file', join(this.#home, `${name}.words`)])
    await this.#up(place, ['up', '--home', home])
    return async line => await this.#run(place, [...line, '--home', home])
  }

  async #run (place: Place, line: readonly string[]): Promise<unknown> {
    const output = await text(this.#lab.spawn(place, [process.execPath, MAIN, ...line, '--json']).stdout)
    const { ok, data, error } = JSON.parse(output) as { readonly ok: boolean, readonly data: unknown, readonly error?: { readonly message: string } }
    if (!ok) throw new Error(`skein ${line.join(' ')}: ${error?.message ?? output}`)
    return data
  }

  /** Until its first line, which says that it is ready. */
  async #up (place: Place, line: readonly string[]): Promise<{ readonly peerId: string, readonly addresses: readonly string[] }> {
    const lines = createInterface(this.#lab.spawn(place, [process.execPath, MAIN, ...line, '--json']).stdout)
    const [first] = await once(lines, 'line') as [string]
    return (JSON.parse(first) as { readonly data: { readonly peerId: string, readonly addresses: readonly string[] } }).data
  }
}
