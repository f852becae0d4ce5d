/** Terminal modes beyond those that Ink sets (xterm control sequences, DECSET). */

/**
 * Autowrap off (DECAWM, 7): where a terminal draws an emoji wider than we count, its row loses a column instead of tearing
 * the screen. Alternate scroll off (1007): a turn of the mouse wheel would arrive as arrow keys, and Up edits.
 */
export const ENTER_MODES = '\u001b[?1007s\u001b[?1007l\u001b[?7l'

/** Where saved modes cannot be restored, alternate scroll ends as most terminals have it: on. */
export const LEAVE_MODES = '\u001b[?7h\u001b[?1007h\u001b[?1007r'
