/**
 * Every command there is. Only descriptions: what runs a command is loaded when it runs, so that help and completion know
 * everything and a short command stays short.
 */
import type { CommandSpec, OptionSpec } from './command.ts'
import { ACCOUNT_COMMANDS } from './tree/account.ts'
import { AUTOMATION_COMMANDS } from './tree/automation.ts'
import { MESSAGE_COMMANDS } from './tree/messages.ts'
import { NETWORK_COMMANDS } from './tree/network.ts'
import { PEOPLE_COMMANDS } from './tree/people.ts'
import { RELAY_COMMANDS } from './tree/relay.ts'
import { RELAY_OPERATION_COMMANDS } from './tree/relay-operation.ts'
import { RELAYS_COMMANDS } from './tree/relays.ts'
import { TESTNET_COMMANDS, TESTNET_FAULT_COMMANDS, TESTNET_PROOF_COMMANDS, TESTNET_REPORT_COMMANDS, TESTNET_SIMULATION_COMMANDS, TESTNET_STATE_COMMANDS } from './tree/testnet.ts'

export const COMMANDS: readonly CommandSpec[] = [...ACCOUNT_COMMANDS, ...PEOPLE_COMMANDS, ...MESSAGE_COMMANDS, ...RELAYS_COMMANDS, ...NETWORK_COMMANDS, ...AUTOMATION_COMMANDS, ...RELAY_COMMANDS, ...RELAY_OPERATION_COMMANDS, ...TESTNET_COMMANDS, ...TESTNET_STATE_COMMANDS, ...TESTNET_FAULT_COMMANDS, ...TESTNET_PROOF_COMMANDS, ...TESTNET_REPORT_COMMANDS, ...TESTNET_SIMULATION_COMMANDS]

/** Groups of commands, and what they are about. */
export const NOUNS: Readonly<Record<string, string>> = {
  me: 'You: name, invite link, policies',
  contact: 'People you exchange messages with',
  requests: 'People who ask to be a contact',
  msg: 'Where a message is; try again, take back',
  relays: 'Where messages wait for you while you are away',
  relay: 'A relay that you operate, for yourself and for others',
  testnet: 'A private network on this computer, to be broken on purpose',
  hook: 'Commands that run on events',
  config: 'Settings'
}

/** Taken before and after every command. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '--json', summary: 'Results and errors as JSON on stdout' },
  { flags: '--home <dir>', summary: 'The account\'s directory; else SKEIN_HOME, else ~/.local/share/skein' },
  { flags: '--password-file <file>', summary: 'The password in a file, when a node has to be started; else SKEIN_PASSWORD' },
  { flags: '--timeout <duration>', summary: 'How long to wait for what the command waits for: 30s, 10m' },
  { flags: '--quiet', summary: 'No hints and no progress' },
  { flags: '--no-color', summary: 'No colour' }
]
