/** From a command line to the command it means, by way of commander: parsing, help, and what to say when it is wrong. */
import { Command, CommanderError, Option } from 'commander'
import { UsageError } from '../protocols/core/errors.ts'
import type { CommandSpec, OptionSpec } from './command.ts'
import { Flags } from './flags.ts'
import { didYouMean } from './suggest.ts'
import { COMMANDS, GLOBAL_OPTIONS, NOUNS } from './tree.ts'

export type Parsed =
  | { readonly type: 'run', readonly spec: CommandSpec, readonly arguments: readonly string[], readonly flags: Flags }
  | { readonly type: 'help', readonly text: string }
  /** No command at all. */
  | { readonly type: 'nothing', readonly flags: Flags }

/** @throws UsageError */
export function parseCommandLine (argv: readonly string[]): Parsed {
  let parsed: Parsed | undefined
  let help = ''
  const program = buildProgram({ onMatch: match => { parsed = match }, onHelp: text => { help += text } })
  try {
    program.parse(argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv, { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    if (thrown.code !== 'commander.helpDisplayed' && thrown.code !== 'commander.help') throw usageOf(thrown, argv)
  }
  return parsed ?? { type: 'help', text: help }
}

interface Listeners {
  readonly onMatch: (parsed: Parsed) => void
  readonly onHelp: (text: string) => void
}

/** The whole tree as commander has it; the help of every command can be asked of it. */
function buildProgram ({ onMatch, onHelp }: Listeners): Command {
  const program = new Command('skein')
  program
    .description('Messages from node to node, end-to-end encrypted, that always say where they are.')
    .exitOverride()
    .configureOutput({ writeOut: onHelp, writeErr: () => undefined })
    .configureHelp({ showGlobalOptions: true })
    .helpCommand('help [command]', 'Help for a command')
    .option('--version', 'The version of this program')
    .addHelpText('after', '\nBegin with:\n  $ skein init --name Ana\n  $ skein up\n  $ skein me card')
  for (const option of GLOBAL_OPTIONS) program.addOption(commanderOption(option))
  actAsGroup(program, () => {
    const flags = new Flags(program.opts())
    onMatch(flags.isOn('version') ? versionRun(flags) : { type: 'nothing', flags })
  })
  const nouns = new Map<string, Command>()
  for (const spec of COMMANDS) addCommand({ program, nouns, spec, onMatch })
  return program
}

function versionRun (flags: Flags): Parsed {
  const spec = COMMANDS.find(({ path }) => path === 'version')
  return spec === undefined ? { type: 'nothing', flags } : { type: 'run', spec, arguments: [], flags }
}

interface Addition { readonly program: Command, readonly nouns: Map<string, Command>, readonly spec: CommandSpec, readonly onMatch: (parsed: Parsed) => void }

function addCommand ({ program, nouns, spec, onMatch }: Addition): void {
  const [first = '', second] = spec.path.split(' ')
  const parent = second === undefined ? program : nouns.get(first) ?? addNoun(program, nouns, first)
  const command = parent.command(`${second ?? first} ${spec.takes ?? ''}`.trim(), { hidden: spec.isHidden ?? false })
  // Commander hands down what was set for the groups.
  command.allowExcessArguments(false)
  command.summary(spec.summary).description([spec.summary, ...spec.about === undefined ? [] : [spec.about]].join('.\n\n'))
  for (const option of spec.options ?? []) command.addOption(commanderOption(option))
  command.addHelpText('after', `\nExamples:\n${spec.examples.map(example => `  $ ${example}`).join('\n')}`)
  command.action(() => {
    const given = command.registeredArguments.at(-1)?.variadic === true ? command.args : command.args.slice(0, command.registeredArguments.length)
    onMatch({ type: 'run', spec, arguments: given, flags: new Flags(command.optsWithGlobals()) })
  })
}

function addNoun (program: Command, nouns: Map<string, Command>, name: string): Command {
  const noun = program.command(name).description(NOUNS[name] ?? '').helpCommand(false)
  const children = COMMANDS.filter(({ path, isHidden = false }) => path.startsWith(`${name} `) && !isHidden)
  noun.addHelpText('after', `\nExamples:\n${children.map(({ examples }) => `  $ ${examples[0] ?? ''}`).join('\n')}`)
  actAsGroup(noun, () => { throw new UsageError(`skein ${name} needs a command`, `One of: ${children.map(({ path }) => path.slice(name.length + 1)).join(', ')}.`) })
  nouns.set(name, noun)
  return noun
}

/** Commander would show all help for a word that it does not know; we say which word, and what it may have meant. */
function actAsGroup (group: Command, onNothing: () => void): void {
  group.allowExcessArguments().allowUnknownOption().usage('[options] <command>')
  group.action(() => {
    const [word] = group.args
    if (word === undefined) return onNothing()
    const known = group.createHelp().visibleCommands(group).map(command => command.name())
    if (word.startsWith('-')) throw unknownOption(word, group)
    const prefix = group.parent === null ? '' : `${group.name()} `
    throw new UsageError(`there is no command ${prefix}${word}`, didYouMean(word, known) ?? (group.parent === null ? 'See: skein help' : `There are: ${known.join(', ')}.`))
  })
}

function unknownOption (word: string, command: Command): UsageError {
  const help = command.createHelp()
  const known = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].flatMap(({ long }) => long ?? [])
  return new UsageError(`there is no option ${word}`, didYouMean(word, known))
}

function commanderOption ({ flags, summary, isRepeatable = false, choices }: OptionSpec): Option {
  const option = new Option(flags, choices === undefined || isRepeatable ? summary : `${summary} (${choices.join(', ')})`)
  return isRepeatable ? option.argParser((value: string, before: readonly string[] | undefined) => [...before ?? [], value]) : option
}

/** Commander's own words, as one of our errors. */
function usageOf (fault: CommanderError, argv: readonly string[]): UsageError {
  const [first = '', second] = fault.message.replace(/^error: /, '').split('\n')
  if (fault.code === 'commander.excessArguments') {
    const isSending = argv.includes('send') || argv.includes('edit')
    // Commander repeats the arguments, which may be somebody's text.
    return new UsageError(first.replace(/: .*$/, ''), isSending ? 'The text is one argument: put it in quotes.' : 'An argument with spaces goes in quotes.')
  }
  const isText = fault.code === 'commander.unknownOption' && /^unknown option '-[^-]?.*\s/.test(first)
  if (isText) return new UsageError('a text that begins with a dash goes after --', 'Nothing was sent. For example: skein send @bob -- "-5 degrees"')
  return new UsageError(first, second === undefined ? undefined : sentence(second))
}

/** `(Did you mean --json?)` without its brackets. */
function sentence (bracketed: string): string {
  return bracketed.replace(/^\((.*)\)$/, '$1')
}
