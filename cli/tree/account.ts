/** Commands around the account and its node. */
import type { CommandSpec } from '../command.ts'
import { SETTING_NAMES } from '../config.ts'

const PASSWORD_STDIN = { flags: '--password-stdin', summary: 'Read the password from standard input' } as const

export const ACCOUNT_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'init',
    summary: 'Make an account on this computer',
    about: 'The account is closed with a password, or with a key file for machines that start unattended. The 24 recovery words are shown once: they alone replace a lost computer.',
    options: [
      { flags: '--name <name>', summary: 'What others see until they name you themselves' },
      { flags: '--key-file [path]', summary: 'Close it with a key in a file (in the home when left out); nobody is asked for a password' },
      { flags: '--keychain', summary: 'Close it with a key in the keychain of this computer' },
      PASSWORD_STDIN,
      { flags: '--accept <who>', summary: 'ask: requests wait for you · all: everybody with a link is let in', choices: ['ask', 'all'] },
      { flags: '--words-file <path>', summary: 'Write the recovery words to this new file instead of showing them' }
    ],
    examples: ['skein init --name Ana', 'skein init --name Backup --key-file --accept all', 'skein init --name Ana --password-file secret.txt --words-file words.txt'],
    node: 'none',
    load: async () => (await import('../commands/init.ts')).init
  },
  {
    path: 'up',
    summary: 'Run the node until it is stopped',
    about: 'Other commands talk to it. With --json the first line on stdout says that it is ready; troubles go to stderr.',
    options: [
      { flags: '--listen <multiaddr>', summary: 'Address to listen on; may be repeated', isRepeatable: true },
      PASSWORD_STDIN
    ],
    examples: ['skein up', 'skein up --listen /ip4/0.0.0.0/tcp/4001 --listen /ip4/0.0.0.0/tcp/4002/ws', 'skein up --json --password-file secret.txt'],
    node: 'none',
    load: async () => (await import('../commands/up.ts')).up
  },
  {
    path: 'stop',
    summary: 'Stop the node that runs',
    examples: ['skein stop', 'skein stop --home /var/lib/skein'],
    node: 'none',
    load: async () => (await import('../commands/stop.ts')).stop
  },
  {
    path: 'status',
    summary: 'What the node is and how it fares',
    examples: ['skein status', 'skein status --json'],
    node: 'offline',
    load: async () => (await import('../commands/status.ts')).status
  },
  {
    path: 'doctor',
    summary: 'Check the account and the node',
    options: [{ flags: '--fix', summary: 'Repair what can be repaired without loss' }],
    examples: ['skein doctor', 'skein doctor --fix'],
    node: 'offline',
    load: async () => (await import('../commands/doctor.ts')).doctor
  },
  {
    path: 'me show',
    summary: 'Your account, device and policies',
    examples: ['skein me show'],
    node: 'offline',
    load: async () => (await import('../commands/me.ts')).show
  },
  {
    path: 'me rename',
    takes: '<name>',
    summary: 'Change the name that others see',
    examples: ['skein me rename "Ana Lindqvist"'],
    node: 'online',
    isLingering: true,
    load: async () => (await import('../commands/me.ts')).rename
  },
  {
    path: 'me card',
    summary: 'An invite link for others',
    about: 'The long-term link is the same each time until you rotate it. A link made with --once lets one person in.',
    options: [
      { flags: '--once', summary: 'A link that works once and expires' },
      { flags: '--rotate', summary: 'Retire the long-term link and make a new one' },
      { flags: '--off', summary: 'Retire the long-term link and make none' },
      { flags: '--qr', summary: 'Draw it as a QR code as well' }
    ],
    examples: ['skein me card', 'skein me card --once --qr'],
    node: 'online',
    load: async () => (await import('../commands/me.ts')).card
  },
  {
    path: 'me qr',
    summary: 'Your invite link as a QR code',
    options: [{ flags: '--once', summary: 'A link that works once and expires' }],
    examples: ['skein me qr', 'skein me qr --once'],
    node: 'online',
    load: async () => (await import('../commands/me.ts')).qr
  },
  {
    path: 'me policy',
    summary: 'Who may reach you, what you trust, what you tell; shows them when nothing is changed',
    options: [
      { flags: '--accept <who>', summary: 'ask: requests wait for you · all: everybody with a link is let in', choices: ['ask', 'all'] },
      { flags: '--trust <rule>', summary: 'first-use: the first key of a contact is taken · verified-only: nothing is sent before you compared', choices: ['first-use', 'verified-only'] },
      { flags: '--read-receipts <value>', summary: 'Tell others when you have read their messages', choices: ['on', 'off'] }
    ],
    examples: ['skein me policy', 'skein me policy --accept ask --read-receipts off'],
    node: 'offline',
    load: async () => (await import('../commands/me.ts')).policy
  },
  {
    path: 'config show',
    summary: 'All settings',
    options: [{ flags: '--origin', summary: 'Say where each value comes from' }],
    examples: ['skein config show --origin'],
    node: 'none',
    load: async () => (await import('../commands/config.ts')).show
  },
  {
    path: 'config get',
    takes: '<key>',
    summary: 'One setting',
    about: `Settings: ${SETTING_NAMES.join(', ')}.`,
    examples: ['skein config get read.limit'],
    node: 'none',
    load: async () => (await import('../commands/config.ts')).get
  },
  {
    path: 'config set',
    takes: '<key> <value>',
    summary: 'Write a setting into skein.toml',
    about: `Settings: ${SETTING_NAMES.join(', ')}. Comments and everything else in the file stay as they are.`,
    examples: ['skein config set read.limit 50', 'skein config set listen "/ip4/0.0.0.0/tcp/4001"'],
    node: 'none',
    load: async () => (await import('../commands/config.ts')).set
  },
  {
    path: 'config path',
    summary: 'Where skein.toml is, or would be',
    examples: ['skein config path'],
    node: 'none',
    load: async () => (await import('../commands/config.ts')).path
  },
  {
    path: 'completion',
    takes: '<shell>',
    summary: 'A script that completes commands, options and contacts: bash, zsh or fish',
    examples: ['skein completion bash > ~/.local/share/bash-completion/completions/skein', 'skein completion zsh > ~/.zfunc/_skein', 'skein completion fish > ~/.config/fish/completions/skein.fish'],
    node: 'none',
    load: async () => (await import('../commands/completion.ts')).completion
  },
  {
    path: '__complete',
    takes: '<what>',
    summary: 'Words for the completion scripts',
    examples: ['skein __complete contacts'],
    node: 'none',
    load: async () => (await import('../commands/completion.ts')).complete,
    isHidden: true
  },
  {
    path: 'version',
    summary: 'The version of this program',
    examples: ['skein version', 'skein version --json'],
    node: 'none',
    load: async () => (await import('../commands/version.ts')).version
  },
  {
    path: 'demo',
    summary: 'Two people on a private network on this computer: they meet, talk, lose each other and find each other again',
    about: 'On a terminal you then go on as one of them. Nothing is left of it, unless you keep it.',
    options: [{ flags: '--keep <dir>', summary: 'Keep both accounts in this new folder, to go on with real commands' }],
    examples: ['skein demo', 'skein demo --keep two-people', 'skein demo --json | jq .step'],
    node: 'none',
    load: async () => (await import('../demo/demo.ts')).demo
  }
]
