/** `skein ping`: whether they answer, directly or through which relay, and how long it takes. */
import type { Result } from '../../protocols/local/operations.ts'
import type { Invocation } from '../command.ts'

export async function ping ({ arguments: [who = ''], session, output }: Invocation): Promise<void> {
  const result = await session.api.call('ping', { who })
  await output.result(result, `${who} answers in ${result.ms} ms, ${pathWords(result)}.`)
}

function pathWords ({ path, relay }: Result<'ping'>): string {
  return path === 'direct' ? 'directly' : `through the relay ${relay ?? ''}`.trimEnd()
}
