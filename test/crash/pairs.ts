/**
 * A survivor, whose node runs in this process all the time, and the home of a node that is killed again and again. What one of
 * them was told has been saved is owed: `settleUp` lets both run in peace and then looks whether every debt is paid, once.
 */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createNode } from '../../node/node.ts'
import type { Step } from '../../node/failpoints.ts'
import { scratchFolder, type Folder } from '../integration/folders.ts'
import { LOOPBACK, PATIENCE_MS, Person } from '../integration/nodes.ts'
import { forgetTheRest } from './power.ts'
import { settleUp } from './settling.ts'
import { inTime, type Victim, type Victims } from './victims.ts'
import type { Orders } from './victim.ts'

export interface Kill {
  readonly step: Step
  /** It dies when it comes by the step for the n-th time. */
  readonly n: number
}

const BURSTS = 12
const BURST_TEXTS_MAX = 3

export interface PairParts {
  readonly victims: Victims
  readonly random: () => number
  /** Each kill is a power cut as well: what the disk was not asked to keep is gone. */
  readonly isPowerCut?: boolean
}

export class CrashPair implements AsyncDisposable {
  readonly survivor: Person
  readonly home: string
  readonly #folder: Folder
  readonly #victims: Victims
  readonly #random: () => number
  #shadow: string | undefined
  #victimAccount = ''
  /** Ids that a victim has printed: from then on they must not get lost. */
  readonly owedByVictim = new Set<string>()
  /** Ids that the survivor's node has given out. */
  readonly owedBySurvivor = new Set<string>()
  /** Ids of one-time prekeys that a victim has handed out. */
  readonly prekeysGivenOut = new Set<number>()
  #texts = 0

  /** Two who are contacts of each other. */
  static async create (parts: PairParts): Promise<CrashPair> {
    const pair = new CrashPair(await Person.create('Survivor', { accept: 'all' }), await scratchFolder(), parts)
    const victim = await pair.#begin({ create: 'Victim', link: await pair.survivor.node.invite(), bursts: [[pair.text()]] })
    await inTime('an introduction without crashes', victim.says('done'))
    await pair.end(victim)
    return pair
  }

  /** Two who have not met: the victim has an account, and nothing else. */
  static async strangers (parts: PairParts): Promise<CrashPair> {
    const pair = new CrashPair(await Person.create('Survivor', { accept: 'all' }), await scratchFolder(), parts)
    const victim = await pair.#begin({ create: 'Victim' })
    await inTime('an account', victim.says('ready'))
    await pair.end(victim)
    return pair
  }

  private constructor (survivor: Person, folder: Folder, { victims, random, isPowerCut = false }: PairParts) {
    this.survivor = survivor
    this.home = join(folder.path, 'victim')
    this.#folder = folder
    this.#victims = victims
    this.#random = random
    if (!isPowerCut) return
    this.#shadow = join(folder.path, 'shadow')
    mkdirSync(this.#shadow)
  }

  text (): string { return `${this.#texts++}` }

  /** From 1 to `max`. */
  chance (max: number): number { return 1 + Math.floor(this.#random() * max) }

  /** The victim writes until it dies. */
  async killWriter ({ step, n }: Kill): Promise<void> {
    const victim = await this.#begin({ failpoint: `${step}:${n}`, bursts: this.#bursts() })
    await this.#dies(victim, { step, n })
  }

  /** The survivor writes until the victim dies of it. */
  async killReader ({ step, n }: Kill): Promise<void> {
    const victim = await this.#begin({ failpoint: `${step}:${n}`, isReader: true })
    await Promise.all([this.#dies(victim, { step, n }), this.#writeTo(victim)])
  }

  /** Both write until the victim dies. */
  async killBoth ({ step, n }: Kill): Promise<void> {
    const victim = await this.#begin({ failpoint: `${step}:${n}`, bursts: this.#bursts(), isReader: true })
    await Promise.all([this.#dies(victim, { step, n }), this.#writeTo(victim)])
  }

  /** The victim introduces itself and writes, until it dies or all of it has arrived. Returns whether it died of the failpoint. */
  async killIntroducing ({ step, n }: Kill): Promise<boolean> {
    const victim = await this.#begin({ failpoint: `${step}:${n}`, link: await this.survivor.node.invite(), bursts: [[this.text(), this.text()], [this.text()]], isReader: true })
    await inTime(`a death at ${step}:${n}, or the end of an introduction`, Promise.race([victim.died, victim.says('done')]))
    const isByItself = victim.isDead
    await this.end(victim)
    return isByItself
  }

  /** Killed from outside, `afterMs` after it is ready, while both write. */
  async killAnyTime (afterMs: number): Promise<void> {
    const victim = await this.#begin({ bursts: Array.from({ length: 50 }, () => this.#bursts()).flat(), isReader: true })
    await inTime('a start', victim.says('ready'))
    // No wait for anything: chance is what is tested.
    const kill = setTimeout(() => { void victim.kill() }, afterMs)
    await Promise.all([inTime('a death', victim.died), this.#writeTo(victim)])
    clearTimeout(kill)
    await this.end(victim)
  }

  /** A victim that serves, with its failpoint; `until` drives it to its death. */
  async killServing ({ step, n }: Kill, until: (link: string, device: string) => Promise<void>): Promise<void> {
    const victim = await this.#begin({ failpoint: `${step}:${n}` })
    const link = await inTime('a start', victim.says('ready'))
    const [device] = victim.all('device')
    assert.ok(link !== undefined && device !== undefined, 'it starts before it is asked')
    await Promise.all([this.#dies(victim, { step, n }), until(link, device)])
  }

  /** Both run in peace until nothing is owed; then everything is there, once, in one order, on both sides. Returns how many messages. */
  async settleUp (): Promise<number> {
    await using node = await createNode({ home: this.home, listen: [LOOPBACK] })
    await node.start()
    await this.#hint()
    return await settleUp({ name: 'the victim', api: node, account: this.#victimAccount, owed: this.owedByVictim }, { name: 'the survivor', api: this.survivor.node, account: this.survivor.account, owed: this.owedBySurvivor })
  }

  /** Kills a victim, if it lives, and takes over what it has said. */
  async end (victim: Victim): Promise<void> {
    await victim.kill()
    assert.ok(victim.wasKilled, 'it was killed, and did not end by an error')
    if (this.#shadow !== undefined) forgetTheRest(this.home, this.#shadow)
    for (const id of victim.all('sent')) this.owedByVictim.add(id)
    this.#victimAccount ||= victim.all('account')[0] ?? ''
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.survivor[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }

  async #begin (orders: Partial<Orders>): Promise<Victim> {
    const victim = await this.#victims.next()
    victim.begin({ home: this.home, failpoint: '', peer: this.survivor.account, bursts: [], isReader: false, ...this.#shadow === undefined ? {} : { shadow: this.#shadow }, ...orders })
    return victim
  }

  async #dies (victim: Victim, { step, n }: Kill): Promise<void> {
    await inTime(`a death at ${step}:${n}`, Promise.race([victim.died, victim.says('done')]))
    await this.end(victim)
  }

  #bursts (): string[][] {
    return Array.from({ length: BURSTS }, () => Array.from({ length: this.chance(BURST_TEXTS_MAX) }, () => this.text()))
  }

  /** Some wait already when it comes up; then one after the other, each when the one before has arrived. */
  async #writeTo (victim: Victim): Promise<void> {
    const { node } = this.survivor
    const send = async (): Promise<string> => {
      const { id } = await node.send(this.#victimAccount, this.text())
      this.owedBySurvivor.add(id)
      return id
    }
    for (let waiting = this.chance(3); waiting > 0; waiting--) await send()
    if (await victim.says('ready') === undefined) return
    await this.#hint()
    while (!victim.isDead) {
      const id = await send()
      await Promise.race([victim.died, node.call('wait', { id, state: 'delivered', timeoutMs: PATIENCE_MS })])
    }
  }

  /** Nobody tells the survivor that the victim is back, and its pauses grow with each death. */
  async #hint (): Promise<void> {
    const { node } = this.survivor
    const last = [...this.owedBySurvivor].at(-1)
    if (last === undefined) return
    const { message } = await node.call('message.show', { id: last })
    if (message.state === 'queued') await node.call('message.retry', { id: last })
  }
}
