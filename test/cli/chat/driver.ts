/** The chat without a terminal: keys in, screen out, against an imagined node. Nothing waits for time. */
import assert from 'node:assert/strict'
import { readOverview, startModel, type Perform } from '../../../cli/chat/model.ts'
import { paintScreen } from '../../../cli/chat/paint/screen.ts'
import type { ChatState, Effect, Input } from '../../../cli/chat/shape.ts'
import { openDraft } from '../../../cli/chat/select.ts'
import { initialState, step } from '../../../cli/chat/state.ts'
import { NOW_MS, type FakeNode } from './fake-node.ts'

export interface DriverOptions {
  readonly columns?: number
  readonly rows?: number
  readonly glyphs?: ChatState['glyphs']
}

/** Keys by name; anything else in a list of keys is typed as text. */
const CHORDS = /^(enter|escape|tab|up|down|left|right|pageup|pagedown|home|end|backspace|delete|(ctrl|alt)\+.+)$/

export class Driver {
  state: ChatState
  readonly node: FakeNode
  readonly effects: Effect[] = []
  nowMs = NOW_MS
  private readonly perform: Perform
  private readonly pending = new Set<Promise<void>>()

  private constructor (node: FakeNode, state: ChatState) {
    this.node = node
    this.state = state
    this.perform = startModel({ api: node, dispatch: input => { this.dispatch(input) }, now: () => this.nowMs, pause: async () => { await Promise.resolve() } })
  }

  static async start (node: FakeNode, { columns = 100, rows = 30, glyphs = 'unicode' }: DriverOptions = {}): Promise<Driver> {
    const state = initialState({ ...await readOverview(node), nowMs: NOW_MS, columns, rows, glyphs })
    return new Driver(node, state)
  }

  dispatch (input: Input): void {
    const next = step(this.state, input, this.nowMs)
    this.state = next.state
    for (const effect of next.effects) {
      this.effects.push(effect)
      const done = this.perform(effect)
      this.pending.add(done)
      void done.finally(() => this.pending.delete(done))
    }
  }

  /** Presses keys and types texts, each to its end. */
  async press (...keys: readonly string[]): Promise<this> {
    for (const key of keys) {
      this.dispatch({ type: 'press', press: CHORDS.test(key) ? { type: 'chord', chord: key } : { type: 'text', text: key } })
      await this.settled()
    }
    return this
  }

  /** Everything that the node has to say, and everything that follows from it. */
  async settled (): Promise<void> {
    for (;;) {
      for (const event of this.node.takeEvents()) this.dispatch({ type: 'event', event })
      if (this.pending.size === 0) return
      await Promise.all(this.pending)
    }
  }

  rows (): string[] {
    return paintScreen(this.state).rows.map(row => row.map(part => part.text).join(''))
  }

  screen (): string {
    return this.rows().map(row => row.trimEnd()).join('\n')
  }
}

/** The first conversation of a node, opened. */
export async function openFirst (node: FakeNode): Promise<Driver> {
  const driver = await Driver.start(node)
  return await driver.press('enter')
}

export function lineWith (driver: Driver, part: string): string {
  return driver.rows().find(row => row.includes(part)) ?? assert.fail(`no row with ${part} in\n${driver.screen()}`)
}

/** The operations that the node was asked for. */
export function asked (node: FakeNode): string[] {
  return node.calls.map(({ name }) => name)
}

export function draftText (driver: Driver): string {
  return openDraft(driver.state).editing.text
}
