/** Commands of whoever builds on Skein: a private network on this computer, to be broken on purpose. */
import type { CommandSpec, OptionSpec } from '../command.ts'

const DIR: OptionSpec = { flags: '--dir <dir>', summary: 'Where the testnet lies; else SKEIN_TESTNET_DIR, else .skein/testnet' }
const USERS: OptionSpec = { flags: '--users <n>', summary: 'How many users; default 3' }
const RELAYS: OptionSpec = { flags: '--relays <n>', summary: 'How many relays; default 3' }

const CABLE: OptionSpec = { flags: '--cable <kind>', summary: 'userspace: works anywhere, carries TCP (default); namespaces: a host and a router for each, with losses, UDP and NAT, as root on Linux' }
const DISKS: OptionSpec = { flags: '--disks', summary: 'A disk of its own for each home, which can be full and can lose its power; as root on Linux' }

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
      { flags: '--seed <text>', summary: 'Other people of the same names; without it, everybody\'s keys are the same in every testnet' },
      CABLE,
      DISKS
    ],
    examples: ['skein testnet up', 'skein testnet up --users 5 --relays 3 --dir /tmp/net', 'skein testnet up --users 50 --relays 5 --pack 10', 'skein testnet up --profile office.yaml', 'skein testnet up --cable namespaces --disks'],
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

/** Looking at one, and at what a run has been. */
export const TESTNET_REPORT_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'testnet report',
    takes: '[record]',
    summary: 'Write a page about a run, or about a testnet as it is now',
    about: 'One HTML file that needs nothing else: topology, faults, what waited, times of delivery, storage of relays, losses with their traces. Of the testnet that runs in the directory, else of the latest run there or below, else of a record.json that is named. With --json the figures, too.',
    options: [DIR, { flags: '--out <file>', summary: 'Where the page goes; else report.html beside the record' }],
    examples: ['skein testnet report', 'skein testnet report --out friday.html --json', 'skein testnet report lost-relay-7/record.json'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/report.ts')).report
  },
  {
    path: 'testnet dash',
    summary: 'Show a testnet live in a browser',
    about: 'Prints a link that only this computer can open, and serves the page until Ctrl-C: who is up, what is broken, what waits, what relays store. Works with testnet up, and with a run or a proof while it goes on.',
    options: [DIR, { flags: '--port <port>', summary: 'Where it is served; else a free one' }],
    examples: ['skein testnet dash', 'skein testnet dash --dir .skein/testnet/lost-relay-1 --port 8080'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/dash.ts')).dash
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
      { flags: '--keep', summary: 'Keep the temporary directory in any case' },
      { flags: '--report <file>', summary: 'Where the page about it goes; else report.html in the directory, or in .skein/testnet/proof-SEED when that is temporary' }
    ],
    examples: ['skein testnet prove', 'skein testnet prove --messages 10000 --json'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/prove.ts')).prove
  }
]

/** In virtual time. */
export const TESTNET_SIMULATION_COMMANDS: readonly CommandSpec[] = [
  {
    path: 'testnet simulate',
    takes: '[scenario]',
    summary: 'Run a scenario in virtual time, for many seeds',
    about: 'The node and the relay as they are, in one process, with time, network, disk and ratchet simulated: the same seed is the same history, on every machine. A file or a name as for testnet run; without one, so many users and relays write to each other, and what that costs is printed. Ends with 11 when an expectation does not hold, and says how to replay that.',
    options: [
      { flags: '--seeds <n>', summary: 'How often, each time with the next seed; default 1' },
      { flags: '--from <n>', summary: 'The first seed; default 1, or what the scenario says' },
      { flags: '--jobs <n>', summary: 'On so many threads; default 1' },
      { flags: '--until <time>', summary: 'End at this moment of the network, without a verdict: 90s, 00:01:30' },
      { flags: '--trace <file>', summary: 'Write down all that happens; of one seed' },
      { flags: '--bisect <file>', summary: 'Of the first seed that fails, leave out faults and messages as long as it still does; what is left is written as a scenario' },
      { flags: '--users <n>', summary: 'Without a scenario: how many users; default 100' },
      { flags: '--relays <n>', summary: 'Without a scenario: how many relays; default 5' },
      { flags: '--for <duration>', summary: 'Without a scenario: how long they write; default 10m' },
      { flags: '--discovery', summary: 'Instead: relays serve the DHT, users publish and look up; default 900 users, 100 relays' },
      { flags: '--lookups <n>', summary: 'With --discovery: how many users do; default 100' },
      { flags: '--dead <percent>', summary: 'With --discovery: of the relays, for the second time; default 20' }
    ],
    examples: ['skein testnet simulate lost-relay --seeds 1000 --jobs 2', 'skein testnet simulate mine.yaml --json', 'skein testnet simulate --users 100 --relays 5 --for 1h', 'skein testnet simulate --discovery --users 9000 --relays 1000 --json'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/simulate.ts')).simulate
  },
  {
    path: 'testnet replay',
    takes: '<scenario>',
    summary: 'Run one seed of a simulated scenario again, and show all that happens',
    options: [
      { flags: '--seed <n>', summary: 'Which; default 1, or what the scenario says' },
      { flags: '--until <time>', summary: 'End at this moment of the network: 90s, 00:01:30' },
      { flags: '--trace <file>', summary: 'Write it down as well' }
    ],
    examples: ['skein testnet replay lost-relay --seed 7', 'skein testnet replay mine.yaml --seed 7 --until 00:00:12'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/simulate.ts')).replay
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
    summary: 'Make lines slow, or lossy',
    about: 'Of these nodes, or of all. A message from ana to bob passes the line of either. Without an option the lines are as fast as the machine and lose nothing.',
    options: [
      DIR,
      { flags: '--delay <duration>', summary: 'One way, with a jitter behind ±: 80ms, 80ms±40' },
      { flags: '--rate <rate>', summary: 'Each way: 500kbit, 2mbit' },
      { flags: '--loss <percent>', summary: 'Share of packets, each way: 5%, 0.5%. On the cable namespaces: the other one carries TCP, which sends again what is lost' }
    ],
    examples: ['skein testnet netem --delay 80ms±40 --rate 2mbit', 'skein testnet netem ana,bob --loss 5%', 'skein testnet netem bob --delay 1s', 'skein testnet netem'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/faults.ts')).netem
  },
  {
    path: 'testnet nat',
    takes: '<name>',
    summary: 'Put a user behind a router of another kind',
    about: 'On the cable namespaces. The user has another address from then on, and the router remembers nobody. See what the node makes of it with: skein testnet exec NAME -- netcheck',
    options: [DIR, { flags: '--kind <kind>', summary: 'none: a public address; forwarded: all ports lead inside; full-cone, restricted, port-restricted, symmetric: as RFC 3489 has them; blocked-udp: passes no UDP' }],
    examples: ['skein testnet nat ana --kind symmetric', 'skein testnet nat ana --kind none'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/faults.ts')).nat
  },
  {
    path: 'testnet power-off',
    takes: '<name>',
    summary: 'Take the power from a node and from its disk',
    about: 'What it had not waited for to be on its disk is gone, and nobody hears that its connections are over. In a testnet that was started with --disks. It stays down until: skein testnet start NAME',
    options: [DIR],
    examples: ['skein testnet power-off relay1'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/faults.ts')).powerOff
  },
  {
    path: 'testnet fill-disk',
    takes: '<name>',
    summary: 'Fill the disk of a node up',
    about: 'In a testnet that was started with --disks.',
    options: [
      DIR,
      { flags: '--leave <bytes>', summary: 'So much still fits; default 0' },
      { flags: '--for <duration>', summary: 'There is room again after this time; else with --free' },
      { flags: '--free', summary: 'Make room again' }
    ],
    examples: ['skein testnet fill-disk relay1', 'skein testnet fill-disk bob --leave 65536 --for 10s', 'skein testnet fill-disk relay1 --free'],
    node: 'none',
    load: async () => (await import('../../testnet/commands/faults.ts')).fillDisk
  }
]
