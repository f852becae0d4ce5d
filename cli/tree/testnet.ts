/** Commands of whoever builds on Skein: a private network on this computer, to be broken on purpose. */
import type { CommandSpec, OptionSpec } from '../command.ts'

const DIR: OptionSpec = { flags: '--dir <dir>', summary: 'Where the testnet lies; else SKEIN_TESTNET_DIR, else .skein/testnet' }
const USERS: OptionSpec = { flags: '--users <n>', summary: 'How many users; default 3' }
const RELAYS: OptionSpec = { flags: '--relays <n>', summary: 'How many relays; default 3' }

export const TESTNET_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'testnet up',
    summary: 'Start a private network of users and relays',
    about: 'Real processes that reach nobody outside this computer: relay1, relay2, … and ana, bob, carol, …, who know each other. It goes on until testnet down; what is in the directory comes back with the next up.',
    options: [
      DIR,
      USERS,
      RELAYS,
      { flags: '--pack <n>', summary: 'So many nodes in each process, for large networks; default 1. What kills one of them, kills all of its pack' },
      { flags: '--profile <file>', summary: 'Who is in it, who knows whom, and how lines and clocks are (docs/testnet.md, "Profiles")' },
      { flags: '--seed <text>', summary: 'Other people of the same names; without it, everybody\'s keys are the same in every testnet' }
    ],
    examples: ['skein testnet up', 'skein testnet up --users 5 --relays 3 --dir /tmp/net', 'skein testnet up --users 50 --relays 5 --pack 10', 'skein testnet up --profile office.yaml'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/up.ts')).up
  },
  {
    path: 'testnet serve',
    summary: 'Hold a testnet together until it is told to stop',
    about: 'Its plan comes on standard input.',
    options: [DIR],
    examples: ['skein testnet serve --dir /tmp/net'],
    node: 'none',
    isHidden: true,
    load: async () => (await import('../../testnet/commands/up.ts')).serve
  },
  {
    path: 'testnet pack',
    summary: 'Run several nodes of a testnet in this process',
    options: [],
    examples: ['skein testnet pack'],
    node: 'none',
    isHidden: true,
    load: async () => (await import('../../testnet/commands/pack.ts')).pack
  },
  {
    path: 'testnet down',
    summary: 'Stop everybody in it',
    options: [DIR, { flags: '--delete', summary: 'Delete homes and logs as well' }],
    examples: ['skein testnet down', 'skein testnet down --delete --dir /tmp/net'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/down.ts')).down
  },
  {
    path: 'testnet ps',
    summary: 'Show who is up, and what is broken on purpose',
    options: [DIR],
    examples: ['skein testnet ps', 'skein testnet ps --json'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/ps.ts')).ps
  },
  {
    path: 'testnet exec',
    takes: '<name> [command...]',
    summary: 'Run a command as one of its users or operators',
    about: 'What stands behind -- is a command line of skein. Its output and its exit code are passed on.',
    options: [DIR],
    examples: ['skein testnet exec ana -- send @bob hello --wait delivered', 'skein testnet exec relay1 -- relay status'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/exec.ts')).exec
  },
  {
    path: 'testnet logs',
    takes: '[name]',
    summary: 'Show what the nodes had to say',
    options: [DIR, { flags: '--follow', summary: 'Go on with what they have to say, until Ctrl-C' }],
    examples: ['skein testnet logs', 'skein testnet logs relay1', 'skein testnet logs --follow'],
    node: 'none',
    isLasting: true,
    load: async () => (await import('../../testnet/commands/logs.ts')).logs
  }
]

export const TESTNET_STATE_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'testnet snapshot',
    takes: '[name]',
    summary: 'Keep the state of everybody under a name',
    about: 'Everybody is down for a moment. Without a name it lists those that there are.',
    options: [DIR],
    examples: ['skein testnet snapshot before', 'skein testnet snapshot'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/snapshots.ts')).snapshot
  },
  {
    path: 'testnet restore',
    takes: '<name>',
    summary: 'Bring everybody back to a state that was kept',
    about: 'All of them at once, so that nobody remembers what others have forgotten. What was said since is gone.',
    options: [DIR],
    examples: ['skein testnet restore before'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/snapshots.ts')).restore
  }
]

export const TESTNET_PROOF_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'testnet run',
    takes: '[scenario]',
    summary: 'Run a scenario: a network, what is said in it, what breaks, and what is expected',
    about: 'A file (docs/testnet.md, "Scenarios"), or the name of one that comes with Skein; without either, their list. Each seed is a testnet of its own. Ends with 11 when an expectation does not hold, and says how to repeat that.',
    options: [
      DIR,
      { flags: '--seeds <n>', summary: 'How often, each time with the next seed; default 1' },
      { flags: '--from <n>', summary: 'The first seed; default 1' },
      { flags: '--jobs <n>', summary: 'At the same time; default 1' },
      { flags: '--junit <file>', summary: 'Write the results for a CI system as well' },
      { flags: '--release <version>', summary: 'Where everybody begins as another version: a folder with it, a tag or a commit; else what the scenario says' },
      { flags: '--keep', summary: 'Keep homes and logs of runs that pass, too' }
    ],
    examples: ['skein testnet run', 'skein testnet run lost-relay --seeds 5', 'skein testnet run upgrade --release v0.1.0', 'skein testnet run mine.yaml --junit results.xml'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/run.ts')).run
  },
  {
    path: 'testnet prove',
    summary: 'Show that nothing is lost, whatever is killed, cut off or wiped meanwhile',
    about: 'A testnet of its own, real processes that write to each other while faults fall by chance; then all histories are read. Ends with 11 when a message is missing, is there twice, or stands elsewhere on the other side.',
    options: [
      { flags: '--messages <n>', summary: 'End after so many messages' },
      { flags: '--minutes <n>', summary: 'End after so many minutes; default 10, without an end when --messages is given' },
      { flags: '--users <n>', summary: 'How many users; default 4' },
      RELAYS,
      { flags: '--seed <n>', summary: 'Repeats what was chance in another run' },
      { flags: '--dir <dir>', summary: 'Where it lies, and stays; else a temporary directory, which stays when something is wrong' },
      { flags: '--keep', summary: 'Keep the temporary directory in any case' }
    ],
    examples: ['skein testnet prove', 'skein testnet prove --messages 10000 --json'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/prove.ts')).prove
  }
]

export const TESTNET_FAULT_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'testnet crash',
    takes: '<name>',
    summary: 'Kill a node where it stands',
    about: 'As a computer that loses its power does it, with everything that was on its disk still there. It stays down until: skein testnet start NAME',
    options: [DIR, { flags: '--lose-disk', summary: 'The disk is gone, too. A relay keeps its key and settings, which its operator has elsewhere; a user comes back as somebody else' }],
    examples: ['skein testnet crash bob', 'skein testnet crash relay1 --lose-disk'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/faults.ts')).crash
  },
  {
    path: 'testnet start',
    takes: '<name>',
    summary: 'Start a node that is down',
    options: [DIR],
    examples: ['skein testnet start bob'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/faults.ts')).start
  },
  {
    path: 'testnet pause',
    takes: '<name>',
    summary: 'Let a process stand still, as a laptop that sleeps',
    options: [DIR],
    examples: ['skein testnet pause carol'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/faults.ts')).pause
  },
  {
    path: 'testnet resume',
    takes: '<name>',
    summary: 'Let a process go on that stands still',
    options: [DIR],
    examples: ['skein testnet resume carol'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/faults.ts')).resume
  },
  {
    path: 'testnet clock',
    takes: '<name>',
    summary: 'Put the clock of a node wrong, while it runs',
    options: [DIR, { flags: '--skew <duration>', summary: 'By how much: -1h is an hour slow, 90s is fast, 0 is right' }],
    examples: ['skein testnet clock bob --skew -1h', 'skein testnet clock bob --skew 0'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/faults.ts')).clock
  },
  {
    path: 'testnet partition',
    takes: '<left> <right>',
    summary: 'Cut the line between nodes; nobody is told',
    about: 'Between these and those nothing passes: connections that are open stand still, new ones get no answer. Names are separated by commas. Others still pass on what they may.',
    options: [DIR, { flags: '--for <duration>', summary: 'Whole again after this time; else with: skein testnet heal' }],
    examples: ['skein testnet partition ana bob --for 10m', 'skein testnet partition ana,bob relay1,relay2'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/faults.ts')).partition
  },
  {
    path: 'testnet heal',
    summary: 'Make every line whole that was cut',
    options: [DIR],
    examples: ['skein testnet heal'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/faults.ts')).heal
  },
  {
    path: 'testnet netem',
    takes: '[names]',
    summary: 'Make lines slow',
    about: 'Of these nodes, or of all. A message from ana to bob passes the line of either. Without an option the lines are as fast as the machine.',
    options: [
      DIR,
      { flags: '--delay <duration>', summary: 'One way, with a jitter behind ±: 80ms, 80ms±40' },
      { flags: '--rate <rate>', summary: 'Each way: 500kbit, 2mbit' },
      { flags: '--loss <percent>', summary: 'Not on this cable: it carries TCP, which sends again what is lost' }
    ],
    examples: ['skein testnet netem --delay 80ms±40 --rate 2mbit', 'skein testnet netem bob --delay 1s', 'skein testnet netem'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/faults.ts')).netem
  }
]
