/** Ourselves: account, name, invite links, policies. */
import { accountIdText, deviceIdText } from '../../protocols/core/ids.ts'
import { checkName } from '../../protocols/core/text.ts'
import { INVITE_HINTS_MAX } from '../../protocols/core/limits.ts'
import type { InviteHint } from '../../protocols/account/invite.ts'
import type { Writer } from '../../store/writer.ts'
import type { Own } from '../../store/types.ts'
import { createOneTimeInvite, linkOf, longTermInvite } from '../contacts/invites.ts'
import type { Mailboxes } from '../loops/mailboxes.ts'
import { makeRecordKeys, type OwnAccount } from '../own-account.ts'
import type { Clock, Network, Random } from '../ports.ts'
import type { Turn } from '../turn/turn.ts'
import type { Handlers } from './handlers.ts'
import { instant } from './views.ts'

export interface MeParts {
  readonly account: OwnAccount
  readonly turn: Turn
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  /** An address of ours as an invite carries it. */
  readonly hintOf: (peerId: string, address: string) => Omit<InviteHint, 'isRelay'>
  readonly mailboxes: Mailboxes
  /** Our profile changed: contacts are to be told. */
  readonly onProfile: () => void
}

export function meOperations (parts: MeParts): Handlers<'me.show' | 'me.rename' | 'me.policy' | 'me.card'> {
  const { account, network } = parts
  return {
    'me.show': () => {
      const { own } = account
      return {
        account: accountIdText(own.accountId),
        device: deviceIdText(own.deviceId),
        name: own.name,
        peerId: network.peerId,
        addresses: network.addresses(),
        acceptPolicy: own.acceptPolicy,
        trustPolicy: own.trustPolicy,
        readReceipts: own.sendsReadReceipts
      }
    },
    'me.rename': async ({ name }) => {
      const { clock } = parts
      const checked = checkName(name, 'name')
      // Strictly higher than before, also when the clock was set back: contacts take only a higher version.
      await update({ name: checked, nameChangedAtMs: Math.max(clock.now(), account.own.nameChangedAtMs + 1) }, parts)
      parts.onProfile()
      return {}
    },
    'me.policy': async ({ accept, trust, readReceipts }) => {
      await update({
        ...accept === undefined ? {} : { acceptPolicy: accept },
        ...trust === undefined ? {} : { trustPolicy: trust },
        ...readReceipts === undefined ? {} : { sendsReadReceipts: readReceipts }
      }, parts)
      const { own } = account
      return { accept: own.acceptPolicy, trust: own.trustPolicy, readReceipts: own.sendsReadReceipts }
    },
    'me.card': async ({ once = false, rotate = false, off = false }) => {
      if (off) {
        await parts.turn.write(writer => writer.invites.revokeAllLongTerm())
        parts.mailboxes.sync()
        return { link: '', kind: 'long-term' }
      }
      const invite = await parts.turn.write(writer => makeInvite(writer, { once, rotate }, parts))
      const link = linkOf(invite, { accountId: account.own.accountId, hints: hintsOf(parts), record: account.recordKeys })
      // Whoever follows the link at once, while we are gone already, shall find the gate open. A relay that is not there is not waited for.
      await within(parts.mailboxes.synced(), GATE_MS_MAX, parts.clock)
      return { link, kind: invite.kind, ...invite.expiresAtMs === undefined ? {} : { expiresAt: instant(invite.expiresAtMs) }, addresses: network.addresses().slice(0, INVITE_HINTS_MAX) }
    }
  }
}

/** How long an invite waits for its gates at the relays. */
const GATE_MS_MAX = 3_000

/** Relays first: they are there when we are not. With one place for ourselves, for somebody in the same house. */
function hintsOf ({ account, network, hintOf }: MeParts): InviteHint[] {
  const own = network.addresses().map(address => ({ ...hintOf(network.peerId, address), isRelay: false }))
  const relays = account.relays.flatMap(({ peerId, addresses: [best] }) => best === undefined ? [] : [{ ...hintOf(peerId, best), isRelay: true }])
  const kept = relays.slice(0, own.length === 0 ? INVITE_HINTS_MAX : INVITE_HINTS_MAX - 1)
  return [...kept, ...own].slice(0, INVITE_HINTS_MAX)
}

async function within (work: Promise<void>, limitMs: number, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = clock.timer(limitMs, () => { resolve(undefined) })
  await Promise.race([work, promise])
  timer.cancel()
}

function makeInvite (writer: Writer, { once, rotate }: { readonly once: boolean, readonly rotate: boolean }, { random, clock }: MeParts): ReturnType<typeof longTermInvite> {
  const options = { random, nowMs: clock.now() }
  makeRecordKeys(writer, random)
  return once ? createOneTimeInvite(writer, options) : longTermInvite(writer, { ...options, rotate })
}

async function update (change: Partial<Own>, { turn, account }: MeParts): Promise<void> {
  await turn.write(writer => {
    writer.own.update(change)
    writer.onCommit(() => account.reload())
  })
}
