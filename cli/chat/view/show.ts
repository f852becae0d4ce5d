/** Shows a session in the terminal until it is closed. The only file that starts Ink. */
import { render } from 'ink'
import { createElement as h, type ReactElement } from 'react'
import type { Session } from '../session.ts'
import { App } from './app.ts'

export interface ShowOptions {
  readonly session: Session
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly isColoured: boolean
}

export interface Shown {
  /** Gives the terminal back. */
  readonly close: () => void
  /** Settles when the terminal is as it was before; rejects when drawing failed. */
  readonly closed: Promise<unknown>
}

const FRAMES_PER_SECOND_MAX = 60

export function show ({ session, stdin, stdout, isColoured }: ShowOptions): Shown {
  const app = (): ReactElement => h(App, { session, isColoured })
  // Before Ink's own listener, and drawn at once: else it would first draw the old screen into the new size.
  const resized = (): void => {
    session.dispatch({ type: 'resized', columns: stdout.columns, rows: stdout.rows })
    ink.rerender(app())
  }
  stdout.on('resize', resized)
  // Ink does this after the first frame; a key between the two would be echoed into it, and Ctrl-C would kill.
  stdin.setRawMode(true)
  const ink = render(app(), { stdin, stdout, exitOnCtrlC: false, patchConsole: true, alternateScreen: true, incrementalRendering: true, interactive: true, maxFps: FRAMES_PER_SECOND_MAX })
  const { unmount, waitUntilExit } = ink
  return {
    close: () => {
      stdout.off('resize', resized)
      unmount()
    },
    closed: waitUntilExit()
  }
}
