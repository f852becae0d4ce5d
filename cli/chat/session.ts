/** Holds the state, steps it, has the effects done, and tells the view: once a turn of the event loop, however much happened. */
import type { Perform } from './model.ts'
import type { ChatState, Effect, Input } from './shape.ts'
import { step } from './state.ts'

export interface Session {
  readonly state: () => ChatState
  readonly dispatch: (input: Input) => void
  /** Does an effect that no step asked for. */
  readonly perform: (effect: Effect) => void
  /** Calls back after changes; returns how to stop that. */
  readonly subscribe: (listener: () => void) => () => void
}

export interface SessionOptions {
  readonly initial: ChatState
  readonly now: () => number
  readonly perform: (dispatch: (input: Input) => void) => Perform
  readonly onQuit: () => void
  /** A bug: the chat ends with it. */
  readonly onBug: (error: unknown) => void
}

export function startSession (options: SessionOptions): Session {
  const listeners = new Set<() => void>()
  let state = options.initial
  let isTelling = false
  const tell = (): void => {
    isTelling = false
    for (const listener of listeners) listener()
  }
  const run = async (effect: Effect): Promise<void> => {
    try {
      await perform(effect)
    } catch (thrown) {
      options.onBug(thrown)
    }
  }
  const dispatch = (input: Input): void => {
    const next = step(state, input, options.now())
    state = next.state
    // Ink lays out the whole screen for each change: a burst of a thousand events is one change.
    if (!isTelling) setImmediate(tell)
    isTelling = true
    for (const effect of next.effects) {
      if (effect.do === 'quit') options.onQuit()
      else void run(effect)
    }
  }
  const perform = options.perform(dispatch)
  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => { listeners.delete(listener) }
  }
  return { state: () => state, dispatch, perform: effect => { void run(effect) }, subscribe }
}
