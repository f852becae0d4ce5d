/** Shows a session in the terminal until it is closed. The only file that starts Ink. */
import { render } from 'ink'
import { createElement as h } from 'react'
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
  const ink = render(h(App, { session, isColoured }), {
    stdin, stdout, exitOnCtrlC: false, patchConsole: true, alternateScreen: true, incrementalRendering: true, interactive: true, maxFps: FRAMES_PER_SECOND_MAX
  })
  const resized = (): void => { session.dispatch({ type: 'resized', columns: stdout.columns, rows: stdout.rows }) }
  stdout.on('resize', resized)
  return {
    close: () => {
      stdout.off('resize', resized)
      ink.unmount()
    },
    closed: ink.waitUntilExit()
  }
}
