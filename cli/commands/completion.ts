/** `skein completion`: the scripts, and the words that they ask for while somebody types. */
import type { Invocation } from '../command.ts'
import { oneOf } from '../flags.ts'
import { completionScript } from '../completion-script.ts'
import type { Shell } from '../completion-script.ts'

const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish']

/** A contact may be called anything; only what is one plain word to every shell is offered. */
const PLAIN_WORD = /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u

export async function completion ({ arguments: [given = ''], tree, output }: Invocation): Promise<void> {
  const shell = oneOf(given, SHELLS, 'completion')
  const script = completionScript(shell, tree)
  if (output.isJson) await output.result({ shell, script }, '')
  else await output.raw(script)
}

/** Silence is the only error that a person in the middle of typing can use. */
export async function complete ({ arguments: [what], session, output }: Invocation): Promise<void> {
  if (what !== 'contacts') return
  try {
    const { contacts } = await session.api.call('contact.list', {})
    const names = contacts.flatMap(({ alias, label }) => PLAIN_WORD.test(alias ?? label) ? [`@${alias ?? label}`] : [])
    if (names.length > 0) await output.raw(`${names.join('\n')}\n`)
  } catch { /* no node runs, or it is busy */ }
}
