/**
 * The command `skein`: parses, talks to the node that runs or to one of its own, prints, and ends with an exit code that
 * says what happened. Law: docs/protocols/local.md, "The command line".
 */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { EXIT, SkeinError, StorageError, asError } from '../protocols/core/errors.ts'
import type { CommandSpec, CommandTree } from './command.ts'
import { loadSettings } from './config.ts'
import type { Settings } from './config.ts'
import { interruption, PassedOnError } from './failure.ts'
import type { Flags } from './flags.ts'
import type { ColorWish } from './look.ts'
import { mediaFrom } from './media.ts'
import { Output, OutputClosedError } from './output.ts'
import { parseCommandLine } from './program.ts'
import type { Parsed } from './program.ts'
import { Session } from './session.ts'
import { COMMANDS, GLOBAL_OPTIONS, NOUNS } from './tree.ts'

const TREE: CommandTree = { commands: COMMANDS, nouns: NOUNS, globalOptions: GLOBAL_OPTIONS }

/** How long a node that lives only for this command stays up to deliver what the command queued. */
const LINGER_MS = 5_000

/**
 * Runs one command line, without the name of the program. Never throws; the exit code is one of EXIT.
 * Prints, and reads standard input where the command takes text from it.
 */
export async function main (argv: readonly string[]): Promise<number> {
  const interrupted = listenForSignals()
  let output = outputFor('error', argv)
  endByUncaught(() => output)
  try {
    const parsed = parseCommandLine(argv)
    if (parsed.type === 'help') {
      await output.raw(parsed.text)
      return EXIT.ok
    }
    output = outputFor(parsed.type === 'run' ? parsed.spec.path : 'overview', argv)
    const home = homeOf(parsed.flags)
    const settings = await loadSettings(home, process.env)
    output = outputFor(parsed.type === 'run' ? parsed.spec.path : 'overview', argv, settings)
    for (const warning of settings.warnings) output.note(output.stderrLook.warn(warning))
    return await runParsed(parsed, { home, settings, output, interrupted })
  } catch (thrown) {
    return await report(interrupted.aborted ? withReason(thrown, interrupted) : thrown, output)
  }
}

interface Surroundings {
  readonly home: string
  readonly settings: Settings
  readonly output: Output
  readonly interrupted: AbortSignal
}

async function runParsed (parsed: Exclude<Parsed, { type: 'help' }>, surroundings: Surroundings): Promise<number> {
  const { home, settings, output, interrupted } = surroundings
  const spec = parsed.type === 'run' ? parsed.spec : await overviewSpec()
  const session = new Session({
    home,
    isOnline: spec.node === 'online',
    mayStart: spec.node !== 'none',
    isLasting: spec.isLasting ?? false,
    listen: settings.list('listen'),
    bootstrap: settings.list('bootstrap'),
    media: mediaFrom(settings, path => resolve(home, path)),
    unlock: async () => await (await import('./password.ts')).unlockFor({ flags: parsed.flags, environment: process.env, home }),
    interrupted,
    note: text => output.note(text)
  })
  try {
    const run = await spec.load()
    const given = parsed.type === 'run' ? parsed.arguments : []
    await run({ ...surroundings, path: spec.path, tree: TREE, arguments: given, flags: parsed.flags, session })
    if (spec.isLingering === true && session.isOwnNode()) await linger(session, output)
  } catch (thrown) {
    // Of a command that goes on for ever, this is the end that was meant: no fault, and nothing behind its last line.
    if (spec.isLasting === true && interrupted.aborted) return EXIT.interrupted
    throw thrown
  } finally {
    await session.close()
  }
  return EXIT.ok
}

async function overviewSpec (): Promise<CommandSpec> {
  const { overview } = await import('./commands/overview.ts')
  return { path: 'overview', summary: '', examples: [], node: 'none', load: async () => await Promise.resolve(overview) }
}

async function linger (session: Session, output: Output): Promise<void> {
  if (await session.settle(LINGER_MS) > 0) output.note('It is saved and queued; it leaves when your node runs: skein up')
}

function outputFor (path: string, argv: readonly string[], settings?: Settings): Output {
  const end = argv.indexOf('--')
  const options = end === -1 ? argv : argv.slice(0, end)
  const wish = options.includes('--no-color') ? 'never' : settings?.text('color') ?? 'auto'
  return new Output({ path, isJson: options.includes('--json'), isQuiet: options.includes('--quiet'), color: wish as ColorWish })
}

/** `--home`, else SKEIN_HOME, else the place that the XDG base directories name for the data of programs. */
function homeOf (flags: Flags): string {
  const given = flags.text('home') ?? process.env['SKEIN_HOME'] ?? ''
  if (given !== '') return resolve(given)
  const dataHome = process.env['XDG_DATA_HOME'] ?? ''
  return join(dataHome === '' ? join(homedir(), '.local', 'share') : dataHome, 'skein')
}

/** Two signals within this time are one wish: npm passes on a Ctrl-C that the terminal has sent to all its processes. */
const SIGNAL_ECHO_MS = 500

/**
 * Aborts on the first Ctrl-C or SIGTERM, so that what is open is closed in order; the second one ends the process where it
 * stands. Everything that was accepted is on disk before it is said, so nothing is lost by it.
 */
function listenForSignals (): AbortSignal {
  const controller = new AbortController()
  let interruptedAtMs = 0
  const interrupt = (): void => {
    if (!controller.signal.aborted) interruptedAtMs = Date.now()
    else if (Date.now() - interruptedAtMs > SIGNAL_ECHO_MS) process.exit(EXIT.interrupted)
    controller.abort(interruption())
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  // The write that met the closed pipe fails and says so; without a listener the process would end with a stack trace.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  return controller.signal
}

/**
 * What a timer or an event has thrown and nobody could catch: on a disk that is gone every read may, and a bug can. The process ends by it as
 * by everything else that fails, in words and with its exit code.
 */
function endByUncaught (output: () => Output): void {
  let isEnding = false
  process.on('uncaughtException', thrown => {
    if (isEnding) return
    isEnding = true
    void exitWith(report(thrown, output()))
  })
}

async function exitWith (exit: Promise<number>): Promise<void> {
  try {
    process.exit(await exit)
  } catch {
    process.exit(EXIT.unexpected)
  }
}

/** While we are interrupted, whatever is thrown is thrown because of that; a command may have said more about it. */
function withReason (thrown: unknown, interrupted: AbortSignal): unknown {
  return thrown instanceof SkeinError && thrown.exit === EXIT.interrupted ? thrown : interrupted.reason
}

async function report (thrown: unknown, output: Output): Promise<number> {
  if (thrown instanceof OutputClosedError) return EXIT.ok
  if (thrown instanceof PassedOnError) return thrown.exit
  const fault = thrown instanceof SkeinError ? thrown : unexpected(asError(thrown))
  try {
    await output.failure(fault)
  } catch (again) {
    if (!(again instanceof OutputClosedError)) throw again
  }
  return fault.exit
}

/** Of files that a person has named, or of a disk that is full or gone: nobody's bug. */
const DISK_CODES = ['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EIO']

/** A bug of ours. Its message may hold anything, so it is shown to the person at this terminal only, on stderr. */
function unexpected (fault: Error): SkeinError {
  if ('code' in fault && DISK_CODES.includes(String(fault.code))) return new StorageError(fault.message, 'What was accepted before is safe.', fault)
  process.stderr.write(`${fault.stack ?? fault.message}\n`)
  return new SkeinError('something unexpected went wrong', { code: 'unexpected', exit: EXIT.unexpected, hint: 'What was accepted before is safe. The lines above help whoever looks into it.', cause: fault })
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
