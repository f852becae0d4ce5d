/**
 * What a command is: its place in the tree, its help, and the function that runs it, which is loaded only when it runs.
 */
import type { Settings } from './config.ts'
import type { Flags } from './flags.ts'
import type { Output } from './output.ts'
import type { Session } from './session.ts'

export interface CommandSpec {
  /** `contact add`: what is typed. Its schema is `skein.contact.add/1`. */
  readonly path: string
  /** Arguments in commander's notation: `<who> [text]`. One called `who` is completed with contacts. */
  readonly takes?: string
  readonly summary: string
  /** What the summary leaves out, for the help of this command. */
  readonly about?: string
  readonly options?: readonly OptionSpec[]
  /** Whole command lines, each shown as it is. */
  readonly examples: readonly string[]
  /** What a node that has to be started for this command does: none is started, it stays off the network, it connects. */
  readonly node: 'none' | 'offline' | 'online'
  /** Such a node stays some seconds more to deliver what the command queued. */
  readonly isLingering?: boolean
  /** Goes on for as long as the person likes. */
  readonly isLasting?: boolean
  readonly load: () => Promise<Run>
  readonly isHidden?: boolean
}

export interface OptionSpec {
  /** In commander's notation: `--limit <n>`, `--once`, `--key-file [path]`. */
  readonly flags: string
  readonly summary: string
  readonly isRepeatable?: boolean
  /** For completion, and for the help. */
  readonly choices?: readonly string[]
}

/** Every command there is, with what is common to them. */
export interface CommandTree {
  readonly commands: readonly CommandSpec[]
  /** Groups of commands, and what they are about. */
  readonly nouns: Readonly<Record<string, string>>
  /** Taken before and after every command. */
  readonly globalOptions: readonly OptionSpec[]
}

/** One run of a command. It succeeds by returning and fails by throwing. */
export type Run = (invocation: Invocation) => Promise<void>

export interface Invocation {
  readonly path: string
  readonly tree: CommandTree
  readonly arguments: readonly string[]
  readonly flags: Flags
  /** The account's directory, absolute. */
  readonly home: string
  readonly settings: Settings
  readonly output: Output
  readonly session: Session
  /** Aborts on Ctrl-C, on SIGTERM, and when nobody reads our output any more. */
  readonly interrupted: AbortSignal
}
