/** `skein netcheck`: who can reach this node, from where, and what to do about it. */
import { EXIT, SkeinError } from '../../protocols/core/errors.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import type { Result } from '../../protocols/local/operations.ts'
import type { Invocation } from '../command.ts'
import { UnfinishedError } from '../failure.ts'
import type { Look } from '../look.ts'
import { tableLines } from '../table.ts'

type Netcheck = Result<'netcheck'>

export async function netcheck ({ session, output }: Invocation): Promise<void> {
  const result = await session.api.call('netcheck', {})
  const text = [...result.findings.map(finding => findingLine(finding, output.look)), '', ...detailLines(result)].join('\n')
  if (result.findings.every(({ severity }) => severity !== 'error')) {
    await output.result(result, text)
    return
  }
  await output.line(text)
  throw new UnfinishedError(new SkeinError('nobody can reach this node from outside', { code: 'unreachable', exit: EXIT.unreachable, hint: 'See above what to do.' }), result)
}

function findingLine ({ severity, what, fix }: Netcheck['findings'][number], look: Look): string {
  const paint = { ok: look.dim, warn: look.warn, error: look.danger }[severity]
  return `  ${paint(severity.padEnd(5))}  ${displaySafe(what)}${fix === undefined ? '' : `\n         ${displaySafe(fix)}`}`
}

function detailLines ({ relays, addresses, seenAs }: Netcheck): readonly string[] {
  return tableLines([
    ...relays.map(({ peerId, state, ms }, index) => [index === 0 ? '  relays' : '', peerId, `${state}${ms === undefined ? '' : `, ${ms} ms`}`]),
    ...addresses.map((address, index) => [index === 0 ? '  addresses' : '', address, '']),
    ...seenAs === undefined ? [] : [['  seen as', seenAs, '']]
  ])
}
