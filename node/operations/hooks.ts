/** Commands that the node runs on events; running them is in loops/hooks.ts. */
import { NotFoundError, UsageError } from '../../protocols/core/errors.ts'
import { EVENT_TYPES } from '../../protocols/local/schema.ts'
import type { Reader } from '../../store/reader.ts'
import type { Turn } from '../turn/turn.ts'
import type { Handlers } from './handlers.ts'

/** The named cursor of whoever runs the commands. */
export const HOOKS_CURSOR = 'skein.hooks'

export interface HookParts { readonly reader: Reader, readonly turn: Turn }

export function hookOperations ({ reader, turn }: HookParts): Handlers<'hook.add' | 'hook.list' | 'hook.remove'> {
  return {
    'hook.add': async ({ event, command }) => {
      if (event !== '*' && !EVENT_TYPES.some(type => type === event)) {
        throw new UsageError(`there is no event ${event}`, `Events: ${EVENT_TYPES.join(', ')}, or * for all.`)
      }
      return {
        hook: await turn.write((writer, round) => {
          // The first one sees what happens from now on, and not what happened while there was none.
          if (writer.read.hooks.list().length === 0) writer.cursors.set(HOOKS_CURSOR, { seq: writer.read.events.newestSeq(), offset: Number.MAX_SAFE_INTEGER }, round.nowMs)
          return writer.hooks.add({ event, command, createdAtMs: round.nowMs })
        })
      }
    },
    'hook.list': () => ({ hooks: reader.hooks.list().map(({ hook, event, command }) => ({ hook, event, command })) }),
    'hook.remove': async ({ hook }) => {
      if (!await turn.write(writer => writer.hooks.remove(hook))) throw new NotFoundError(`there is no hook ${hook}`, 'See: skein hook list')
      return {}
    }
  }
}
