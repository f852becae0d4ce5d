/** The root of the view: draws the painted screen, hands keys and pastes to the session. */
import { Box, useCursor, useInput, usePaste, useStdout } from 'ink'
import { createElement as h, useLayoutEffect, useMemo, useSyncExternalStore, type ReactElement } from 'react'
import { pressesOf } from '../keys.ts'
import { paintScreen } from '../paint/screen.ts'
import type { Session } from '../session.ts'
import { ENTER_MODES, LEAVE_MODES } from '../terminal.ts'
import { RowLine } from './row.ts'

export interface AppProps {
  readonly session: Session
  readonly isColoured: boolean
}

export function App ({ session, isColoured }: AppProps): ReactElement {
  const state = useSyncExternalStore(session.subscribe, session.state)
  const screen = useMemo(() => paintScreen(state), [state])
  const { stdout } = useStdout()
  const cursor = useCursor()
  cursor.setCursorPosition(screen.cursor)
  useInput((input, key) => {
    for (const press of pressesOf(input, key)) session.dispatch({ type: 'press', press })
  })
  usePaste(text => { session.dispatch({ type: 'paste', text }) })
  // Undone on every way out: Ink unmounts when the process is ended by a signal, too.
  useLayoutEffect(() => {
    stdout.write(ENTER_MODES)
    return () => { stdout.write(LEAVE_MODES) }
  }, [stdout])
  return h(Box, { flexDirection: 'column', width: state.columns, height: state.rows }, ...screen.rows.map((row, index) => h(RowLine, { key: index, row, isColoured })))
}
