/** The chat in a process of its own, as in a person's terminal. The test plays the node through a unix socket. */
import { execFileSync } from 'node:child_process'
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import { runChat } from '../../../cli/chat/chat.ts'
import type { MessageView } from '../../../protocols/local/schema.ts'
import { accountOf, NOW_MS } from './fake-node.ts'
import { scene } from './scene.ts'

export type Command =
  | { readonly do: 'receive', readonly label: string, readonly text: string }
  | { readonly do: 'changeLast', readonly label: string, readonly state: MessageView['state'] }
  | { readonly do: 'refuseNextSend', readonly reason: string }
  | { readonly do: 'goDown' }
  | { readonly do: 'comeUp' }

const node = scene()
const control = createConnection(process.env['CHAT_CONTROL'] ?? '')
control.write(`${execFileSync('tty', { stdio: ['inherit', 'pipe', 'ignore'] }).toString().trim()} ${process.pid}\n`)
createInterface(control).on('line', line => { obey(JSON.parse(line) as Command) })

process.exitCode = await runChat({
  api: node,
  follow: signal => node.follow(signal),
  who: process.env['CHAT_WHO'],
  stdin: process.stdin,
  stdout: process.stdout,
  ascii: process.env['CHAT_ASCII'] === 'yes',
  color: process.env['NO_COLOR'] === undefined,
  clock: { now: () => NOW_MS }
})
control.end()

function obey (command: Command): void {
  switch (command.do) {
    case 'receive':
      node.receive(command.label, command.text)
      break
    case 'changeLast':
      node.change(node.messages.get(accountOf(command.label))?.at(-1)?.id ?? '', { state: command.state })
      break
    case 'refuseNextSend':
      node.refusesNextSend = command.reason
      break
    case 'goDown':
      node.goDown()
      break
    case 'comeUp':
      node.comeUp()
      break
  }
}
