/** Completion scripts, made of the command tree: they know what it knows. Contacts are asked of the node that runs. */
import type { CommandTree, OptionSpec } from './command.ts'

export type Shell = 'bash' | 'zsh' | 'fish'

/** What can follow a path of commands. */
interface Place {
  /** `contact add`, or empty at the beginning. */
  readonly path: string
  readonly commands: ReadonlyArray<{ readonly name: string, readonly summary: string }>
  readonly options: readonly OptionSpec[]
  readonly takesContact: boolean
}

export function completionScript (shell: Shell, tree: CommandTree): string {
  const places = placesOf(tree)
  switch (shell) {
    case 'bash': return bashScript(places, tree.globalOptions)
    case 'zsh': return zshScript(places, tree.globalOptions)
    case 'fish': return fishScript(places, tree.globalOptions)
  }
}

function placesOf (tree: CommandTree): readonly Place[] {
  const specs = tree.commands.filter(({ isHidden }) => isHidden !== true)
  const singles = specs.filter(({ path }) => !path.includes(' '))
  const nouns = Object.entries(tree.nouns).map(([path, summary]) => ({ path, summary }))
  const root: Place = { path: '', commands: [...singles, ...nouns].map(({ path, summary }) => ({ name: path, summary })), options: [], takesContact: false }
  const groups = nouns.map(({ path }): Place => ({ path, commands: specs.filter(spec => spec.path.startsWith(`${path} `)).map(spec => ({ name: spec.path.slice(path.length + 1), summary: spec.summary })), options: [], takesContact: false }))
  const leaves = specs.map((spec): Place => ({ path: spec.path, commands: [], options: spec.options ?? [], takesContact: /[<[]who[\]>]/.test(spec.takes ?? '') }))
  return [root, ...groups, ...leaves]
}

/** `--limit` of `--limit <n>`. */
function longFlag ({ flags }: OptionSpec): string {
  return flags.split(' ')[0] ?? flags
}

function takesValue ({ flags }: OptionSpec): boolean {
  return flags.includes('<')
}

function bashScript (places: readonly Place[], globalOptions: readonly OptionSpec[]): string {
  const globals = globalOptions.map(longFlag)
  const withValue = [...new Set([...globalOptions, ...places.flatMap(({ options }) => options)].filter(takesValue).map(longFlag))]
  const known = places.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`).join('|')
  const cases = places.map(({ path, commands, options, takesContact }) =>
    `    '${path}') words='${[...commands.map(({ name }) => name), ...options.map(longFlag), ...globals].join(' ')}'; takes_contact=${takesContact ? 1 : 0} ;;`)
  const choices = places.flatMap(({ path, options }) => options.filter(option => option.choices !== undefined).map(option => `    '${path} ${longFlag(option)}') words='${option.choices?.join(' ') ?? ''}' ;;`))
  return `# bash completion for skein, made by: skein completion bash
# An @ begins a contact; it must not be cut off as a word of its own.
COMP_WORDBREAKS=\${COMP_WORDBREAKS//@/}
_skein () {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path='' words='' word index=1 takes_contact=0
  while [ "$index" -lt "$COMP_CWORD" ]; do
    word="\${COMP_WORDS[index]}"
    case "$word" in
      ${withValue.join('|')}) index=$((index + 1)) ;;
      -*) ;;
      *) case "\${path:+$path }$word" in ${known}) path="\${path:+$path }$word" ;; esac ;;
    esac
    index=$((index + 1))
  done
  case "$previous" in
    --home) COMPREPLY=($(compgen -d -- "$current")); return ;;
    ${withValue.filter(flag => flag !== '--home').join('|')})
      case "$path $previous" in
${choices.join('\n')}
      *) COMPREPLY=($(compgen -f -- "$current")); return ;;
      esac
      COMPREPLY=($(compgen -W "$words" -- "$current")); return ;;
  esac
  case "$path" in
${cases.join('\n')}
  esac
  # Contacts are plain words, the program sees to that.
  if [ "$takes_contact" = 1 ] && [ "\${current#-}" = "$current" ]; then words="$words $(skein __complete contacts 2>/dev/null)"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _skein skein
`
}

function zshScript (places: readonly Place[], globalOptions: readonly OptionSpec[]): string {
  const known = places.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`).join('|')
  const globals = globalOptions.map(describedFlag)
  const cases = places.map(({ path, commands, options, takesContact }) => [
    `    '${path}')`,
    `      commands=(${commands.map(({ name, summary }) => zshQuoted(`${name}:${summary}`)).join(' ')})`,
    `      options=(${[...options.map(describedFlag), ...globals].map(zshQuoted).join(' ')})`,
    // eslint-disable-next-line no-template-curly-in-string -- zsh's own: the lines of an output as a list
    ...takesContact ? ['      contacts=(${(f)"$(skein __complete contacts 2>/dev/null)"})'] : [],
    '      ;;'
  ].join('\n'))
  return `#compdef skein
# zsh completion for skein, made by: skein completion zsh
_skein () {
  local place='' word
  local -a commands options contacts
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${place:+$place }$word" in ${known}) place="\${place:+$place }$word" ;; esac
  done
  case "$place" in
${cases.join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe 'option' options
  else
    (( $#commands )) && _describe 'command' commands
    (( $#contacts )) && compadd -a contacts
    (( $#commands + $#contacts )) || _files
  fi
}
if [ "$funcstack[1]" = "_skein" ]; then _skein; else compdef _skein skein; fi
`
}

function describedFlag (option: OptionSpec): string {
  return `${longFlag(option)}:${option.summary}`
}

function zshQuoted (text: string): string {
  return `'${text.replaceAll('\'', '\'\\\'\'')}'`
}

function fishScript (places: readonly Place[], globalOptions: readonly OptionSpec[]): string {
  const lines = places.flatMap(({ path, commands, options, takesContact }) => {
    const at = `__skein_at '${path}'`
    return [
      ...commands.map(({ name, summary }) => `complete -c skein -f -n "${at}" -a '${name}' -d ${fishQuoted(summary)}`),
      ...options.map(option => `complete -c skein -n "${at}" -l ${longFlag(option).slice(2)}${takesValue(option) ? ' -r' : ''}${option.choices === undefined ? '' : ` -f -a '${option.choices.join(' ')}'`} -d ${fishQuoted(option.summary)}`),
      ...takesContact ? [`complete -c skein -f -n "${at}" -a '(skein __complete contacts 2>/dev/null)'`] : []
    ]
  })
  const known = places.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`).join(' ')
  return `# fish completion for skein, made by: skein completion fish
function __skein_at
  set -l place ''
  for word in (commandline -opc)[2..]
    set -l longer (string trim "$place $word")
    if contains -- "$longer" ${known}
      set place $longer
    end
  end
  test "$place" = "$argv[1]"
end
${globalOptions.map(option => `complete -c skein -l ${longFlag(option).slice(2)}${takesValue(option) ? ' -r' : ''} -d ${fishQuoted(option.summary)}`).join('\n')}
${lines.join('\n')}
`
}

function fishQuoted (text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll('\'', '\\\'')}'`
}
