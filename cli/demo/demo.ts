/**
 * `skein demo`: two people and three relays on a private network on this computer, as five processes; the people are told what to do
 * through their sockets. They meet, talk, lose each other, write to each other without ever being there together; on a terminal
 * you then go on as one of them. Nothing is left behind.
 */
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { SkeinError, StorageError, UsageError, asError, EXIT } from '../../protocols/core/errors.ts'
import { counted } from '../chat/words.ts'
import type { Invocation } from '../command.ts'
import { interruption } from '../failure.ts'
import type { Output } from '../output.ts'
import { converse } from './converse.ts'
import { Person } from './people.ts'
import { Relay } from './relay.ts'
import { tellStory } from './story.ts'
import type { Story } from './story.ts'
import { Telling } from './telling.ts'

/** Three, as people are advised to have: any one may be gone. */
const RELAYS = ['relay-1', 'relay-2', 'relay-3'] as const

interface Place {
  readonly path: string
  /** Whether it stays when we go. */
  readonly isKept: boolean
}

export async function demo ({ flags, output, interrupted }: Invocation): Promise<void> {
  const startedAtMs = Date.now()
  const place = await makePlace(flags.text('keep'))
  const ended = endsWith(interrupted)
  const [ana, bob] = ['Ana', 'Bob'].map(name => new Person(name, { folder: place.path, interrupted: ended })) as [Person, Person]
  const relays = RELAYS.map(name => new Relay(name, { folder: place.path, interrupted: ended }))
  const story: Story = { ana, bob, relays, tell: new Telling(output), interrupted: ended }
  // A second Ctrl-C ends the process where it stands.
  const removeAtOnce = (): void => { if (!place.isKept) rmSync(place.path, { recursive: true, force: true, maxRetries: 3 }) }
  process.once('exit', removeAtOnce)
  try {
    await introduce(place, output)
    const messageCount = await tellStory(story)
    const tookMs = Date.now() - startedAtMs
    await output.line(`\n   ${counted(messageCount, 'message')} in ${(tookMs / 1000).toFixed(1)} s, from nothing: each delivered once.`)
    if (isConversation(output)) await converse(story, output)
    await leave(story, place)
    if (place.isKept) await Promise.all([ana.settle(), bob.settle()])
    await output.result({ messages: messageCount, tookMs, ...place.isKept && { kept: place.path } }, endText(place))
  } catch (thrown) {
    throw await failure(thrown, story, place)
  } finally {
    process.off('exit', removeAtOnce)
  }
}

async function makePlace (wished: string | undefined): Promise<Place> {
  if (wished === undefined) return { path: await mkdtemp(join(tmpdir(), 'skein-demo-')), isKept: false }
  const path = resolve(wished)
  if ((await namesIn(path)).length > 0) throw new UsageError(`${path} is not empty`, 'It stays as it is. Choose a new folder for --keep.')
  return { path, isKept: true }
}

/** Makes the folder when it is not there. */
async function namesIn (path: string): Promise<readonly string[]> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    return await readdir(path)
  } catch (thrown) {
    throw new StorageError(`${path} cannot be used`, 'Choose a new folder for --keep.', thrown)
  }
}

/** A terminal that is closed ends the demo as Ctrl-C does. */
function endsWith (interrupted: AbortSignal): AbortSignal {
  const hangUp = new AbortController()
  process.once('SIGHUP', () => hangUp.abort(interruption()))
  return AbortSignal.any([interrupted, hangUp.signal])
}

function isConversation ({ isJson, isTerminal }: Output): boolean {
  return isTerminal && process.stdin.isTTY && !isJson
}

async function introduce ({ path, isKept }: Place, output: Output): Promise<void> {
  await output.line([
    output.look.bold('Skein, the demo'),
    'Two people meet and talk on a private network on this computer, with three relays.',
    isKept ? `They are in ${path}, and stay there.` : `They are in ${path}, and nothing of it is left afterwards.`
  ].join('\n'))
}

/** Whatever happens, no process is left. */
async function leave ({ ana, bob, relays }: Story, { path, isKept }: Place): Promise<void> {
  await Promise.all([ana, bob, ...relays].map(async member => { await member.down() }))
  if (!isKept) await rm(path, { recursive: true, force: true, maxRetries: 3 })
}

/** What failed and where to look; the folder stays, because the logs are in it. An interruption is no failure: then it goes. */
async function failure (thrown: unknown, story: Story, place: Place): Promise<unknown> {
  const fault = asError(thrown)
  const isInterrupted = story.interrupted.aborted || (fault instanceof SkeinError && fault.exit === EXIT.interrupted)
  await leave(story, isInterrupted ? place : { ...place, isKept: true })
  if (isInterrupted) return interruptedDemo(place)
  const known = fault instanceof SkeinError ? fault : undefined
  return new SkeinError(`the demo stopped at "${story.tell.title}": ${fault.message}`, {
    code: known?.code ?? 'unexpected',
    exit: known?.exit ?? EXIT.unexpected,
    hint: [...known?.hint === undefined ? [] : [known.hint], `No process is left. What they said is in ${[story.ana, story.bob, ...story.relays].map(({ log }) => log).join(', ')}`].join(' '),
    cause: fault
  })
}

function interruptedDemo ({ path, isKept }: Place): SkeinError {
  const { message, code, exit } = interruption()
  return new SkeinError(message, { code, exit, hint: isKept ? `Everything is stopped. What they have is in ${path}` : 'Everything is stopped and nothing is left.' })
}

function endText ({ path, isKept }: Place): string {
  if (!isKept) return '\nEverything is stopped, and nothing is left of it.\nThe same by hand: README.md, "Five minutes, two people".'
  const home = (alias: string): string => `--home ${quoted(join(path, alias))}`
  return [
    '\nEverything is stopped, and all of it is kept. Go on with them:',
    ...RELAYS.map(name => `  skein relay up ${home(name)} &`),
    `  skein up ${home('ana')} &`, `  skein up ${home('bob')} &`,
    `  skein chat @bob ${home('ana')}`, `  skein read @ana ${home('bob')}`
  ].join('\n')
}

function quoted (path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll('\'', '\'\\\'\'')}'`
}
