/**
 * Runs people's commands on events: one at a time, each with the event as JSON on its standard input, never for longer than
 * its limit. A hook sees each event at least once: its cursor moves when the command has ended.
 */
import { spawn } from 'node:child_process'
import { StorageError } from '../../protocols/core/errors.ts'
import type { EventView } from '../../protocols/local/schema.ts'
import type { Reader } from '../../store/reader.ts'
import type { Hook } from '../../store/types.ts'
import type { Feed } from '../feed.ts'
import type { Clock } from '../ports.ts'
import type { Handlers } from '../operations/handlers.ts'
import { HOOKS_CURSOR } from '../operations/hooks.ts'

const EVENTS_MAX = 50
/** A command that runs longer is killed. */
const COMMAND_MS_MAX = 30_000

export interface HookRunnerParts {
  readonly reader: Reader
  readonly feed: Feed
  readonly clock: Clock
  readonly events: Handlers<'events.page' | 'events.acknowledge'>
  readonly home: string
}

export class HookRunner {
  readonly #parts: HookRunnerParts
  #isRunning = false
  /** Something has happened since the last look. */
  #isRung = false
  #isStopped = false
  #stopListening: (() => void) | undefined

  constructor (parts: HookRunnerParts) {
    this.#parts = parts
  }

  start (): void {
    this.#stopListening = this.#parts.feed.listen(() => this.#wake())
    this.#wake()
  }

  stop (): void {
    this.#isStopped = true
    this.#stopListening?.()
  }

  #wake (): void {
    this.#isRung = true
    if (this.#isRunning || this.#isStopped || this.#parts.reader.hooks.list().length === 0) return
    this.#isRunning = true
    void this.#run()
  }

  async #run (): Promise<void> {
    try {
      while (this.#isRung && !this.#isStopped) {
        // Before the look: what rings during it is looked for again.
        this.#isRung = false
        await this.#catchUp()
      }
    } catch (error) {
      // Its cursor stays where it was, so the next event finds what was missed.
      if (!(error instanceof StorageError)) throw error
    } finally {
      this.#isRunning = false
    }
  }

  async #catchUp (): Promise<void> {
    const { events, reader } = this.#parts
    while (!this.#isStopped) {
      const hooks = reader.hooks.list()
      const page = await events['events.page']({ name: HOOKS_CURSOR, limit: EVENTS_MAX })
      if (page.events.length === 0) return
      for (const event of page.events) {
        for (const hook of hooks) await this.#runHook(hook, event)
        await events['events.acknowledge']({ name: HOOKS_CURSOR, cursor: event.cursor })
      }
    }
  }

  async #runHook (hook: Hook, event: EventView): Promise<void> {
    if (hook.event !== '*' && hook.event !== event.type) return
    await new Promise<void>(resolve => {
      const child = spawn('/bin/sh', ['-c', hook.command], {
        stdio: ['pipe', 'ignore', 'ignore'],
        env: { ...process.env, SKEIN_HOME: this.#parts.home, SKEIN_EVENT: event.type }
      })
      const timer = this.#parts.clock.timer(COMMAND_MS_MAX, () => child.kill('SIGKILL'))
      const finish = (): void => {
        timer.cancel()
        resolve()
      }
      child.on('error', finish)
      child.on('close', finish)
      // A command that does not read its input is no fault.
      child.stdin.on('error', () => {})
      child.stdin.end(`${JSON.stringify(event)}\n`)
    })
  }
}
