/** `skein relay limits`: what holds and where it comes from; with a key and a value, another one from now on. */
import type { RelayLimitsView } from '../../../protocols/local/relay.ts'
import { NotFoundError } from '../../../protocols/core/errors.ts'
import { hasRelay } from '../../../node/relay/home-files.ts'
import type { Invocation } from '../../command.ts'
import type { Look } from '../../look.ts'
import type { Output } from '../../output.ts'
import { didYouMean } from '../../suggest.ts'
import { tableLines } from '../../table.ts'
import { callRelay, NoRelayError } from './control.ts'

export async function limits (invocation: Invocation): Promise<void> {
  const { arguments: [key, value], output } = invocation
  const changes = key === undefined || value === undefined ? {} : { [key]: value }
  const { view, isRunning } = await ask(invocation, changes)
  for (const warning of view.warnings) output.note(output.stderrLook.warn(warning))
  if (key === undefined) await output.result(view, limitLines(view, output.look).join('\n'))
  else if (value === undefined) await showOne(view, key, output)
  else await output.result(view, changedText(view, { key, isRunning }))
}

/** Of the relay when it runs, so that it changes at once; else in the file. */
async function ask (invocation: Invocation, changes: Readonly<Record<string, string>>): Promise<{ readonly view: RelayLimitsView, readonly isRunning: boolean }> {
  try {
    return { view: await callRelay(invocation, 'relay.limits', { changes }), isRunning: true }
  } catch (thrown) {
    if (!(thrown instanceof NoRelayError)) throw thrown
  }
  if (!hasRelay(invocation.home)) throw new NotFoundError('there is no relay here', 'Make one with: skein relay init, or choose its home with --home.')
  const { changeLimits } = await import('../../../node/relay/limits.ts')
  return { view: (await changeLimits({ home: invocation.home, environment: process.env }, changes)).view, isRunning: false }
}

async function showOne (view: RelayLimitsView, key: string, output: Output): Promise<void> {
  const limit = view.limits.find(other => other.key === key)
  if (limit === undefined) throw new NotFoundError(`there is no setting ${key}`, didYouMean(key, view.limits.map(other => other.key)) ?? 'See all of them: skein relay limits')
  await output.result(limit, [`${key} = ${limit.value}  ${output.look.dim(originText(limit.origin))}`, limit.about, `Takes ${limit.takes}.`].join('\n'))
}

function limitLines ({ limits: views, path }: RelayLimitsView, look: Look): readonly string[] {
  return [
    ...tableLines(views.map(({ key, value, origin }) => [key, value, look.dim(originText(origin))])),
    '',
    `What each means: skein relay limits KEY. They stand in ${path}`
  ]
}

function changedText ({ limits: views, atNextStart, path }: RelayLimitsView, { key, isRunning }: { readonly key: string, readonly isRunning: boolean }): string {
  const value = views.find(other => other.key === key)?.value ?? ''
  const isLater = !isRunning || atNextStart.includes(key)
  return `${key} is ${value} in ${path}, ${isLater ? 'from the next start of the relay' : 'from now on'}.`
}

function originText (origin: RelayLimitsView['limits'][number]['origin']): string {
  switch (origin) {
    case 'option': return 'command line'
    case 'environment': return 'environment'
    case 'file': return 'relay.toml'
    case 'default': return 'default'
  }
}
