/** `skein doctor`: checks, and what to do about what they find. */
import { EXIT, SkeinError } from '../../protocols/core/errors.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import type { Result } from '../../protocols/local/operations.ts'
import { counted } from '../chat/words.ts'
import type { Invocation } from '../command.ts'
import { UnfinishedError } from '../failure.ts'
import type { Look } from '../look.ts'

type Finding = Result<'doctor'>['findings'][number]

export async function doctor ({ flags, session, output }: Invocation): Promise<void> {
  const { findings } = await session.api.call('doctor', flags.isOn('fix') ? { fix: true } : {})
  const broken = findings.filter(({ severity, isFixed }) => severity === 'error' && isFixed !== true)
  const lines = findings.map(finding => findingLine(finding, output.look))
  if (broken.length === 0) {
    await output.result({ findings }, lines.join('\n'))
    return
  }
  await output.line(lines.join('\n'))
  throw new UnfinishedError(new SkeinError(`${counted(broken.length, 'check')} failed`, {
    code: 'unhealthy', exit: EXIT.storage, hint: flags.isOn('fix') ? 'See above what to do.' : 'See above what to do; skein doctor --fix repairs what can be repaired without loss.'
  }), { findings })
}

function findingLine ({ severity, what, fix, isFixed = false }: Finding, look: Look): string {
  const mark = isFixed ? 'fixed' : severity
  const paint = { ok: look.dim, warn: look.warn, error: look.danger, fixed: look.accent }[mark]
  return `  ${paint(mark.padEnd(5))}  ${displaySafe(what)}${fix === undefined || isFixed ? '' : `\n         ${displaySafe(fix)}`}`
}
