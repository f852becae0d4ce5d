/** `skein` alone: where you stand, and the next sensible step. */
import type { Invocation } from '../command.ts'
import { NoNodeError } from '../client.ts'
import { hasAccount } from '../../node/home-files.ts'
import type { Session } from '../session.ts'
import type { StatusView } from '../../protocols/local/schema.ts'
import { counted } from '../chat/words.ts'

export async function overview ({ home, session, output }: Invocation): Promise<void> {
  const isMade = hasAccount(home)
  const status = isMade ? await statusIfUp(session) : undefined
  const lines = !isMade ? WITHOUT_ACCOUNT : status === undefined ? NOT_RUNNING : [statusLine(status), '', ...nextSteps(status)]
  await output.result({ home, hasAccount: isMade, isRunning: status !== undefined }, lines.join('\n'))
}

const WITHOUT_ACCOUNT = [
  'Skein sends messages from node to node, end-to-end encrypted, and always says where they are.', '',
  'There is no account here yet. Make one:  skein init --name YOUR-NAME',
  'All commands:                            skein help'
]

const NOT_RUNNING = [
  'Your node is not running. You can read and write; messages leave and arrive when it runs.', '',
  'Run it:        skein up',
  'All commands:  skein help'
]

async function statusIfUp (session: Session): Promise<StatusView | undefined> {
  try {
    return await session.api.call('status', {})
  } catch (thrown) {
    if (thrown instanceof NoNodeError) return undefined
    throw thrown
  }
}

function statusLine ({ connections, unread, requests, outbox }: StatusView): string {
  return ['Your node runs', `direct to ${counted(connections, 'device')}`, `${unread} unread`, counted(requests, 'request'), `${outbox.open} queued`].join(', ')
}

function nextSteps ({ contacts, requests, unread }: StatusView): readonly string[] {
  return [
    ...requests > 0 ? ['See who asks:  skein requests list'] : [],
    ...contacts === 0 && requests === 0 ? ['Invite somebody:  skein me card --once --qr', 'Or add somebody:  skein contact add LINK --as NAME'] : [],
    ...contacts > 0 ? [unread > 0 ? 'Read:          skein chat' : 'Write:         skein chat'] : [],
    'More:          skein status, skein help'
  ]
}
