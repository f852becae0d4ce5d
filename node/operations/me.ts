/** Ourselves: account, name, invite links, policies. */
import { accountIdText, deviceIdText } from '../../protocols/core/ids.ts'
import { checkName } from '../../protocols/core/text.ts'
import { INVITE_HINTS_MAX } from '../../protocols/core/limits.ts'
import type { InviteHint } from '../../protocols/account/invite.ts'
import type { Writer } from '../../store/writer.ts'
import type { Own } from '../../store/types.ts'
import { createOneTimeInvite, linkOf, longTermInvite } from '../contacts/invites.ts'
import type { OwnAccount } from '../own-account.ts'
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
  readonly hintOf: (peerId: string, address: string) => InviteHint
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
        return { link: '', kind: 'long-term' }
      }
      const invite = await parts.turn.write(writer => makeInvite(writer, { once, rotate }, parts))
      const addresses = network.addresses().slice(0, INVITE_HINTS_MAX)
      const hints = addresses.map(address => parts.hintOf(network.peerId, address))
      const link = linkOf(invite, { accountId: account.own.accountId, hints })
      return { link, kind: invite.kind, ...invite.expiresAtMs === undefined ? {} : { expiresAt: instant(invite.expiresAtMs) }, addresses }
    }
  }
}

function makeInvite (writer: Writer, { once, rotate }: { readonly once: boolean, readonly rotate: boolean }, { random, clock }: MeParts): ReturnType<typeof longTermInvite> {
  const options = { random, nowMs: clock.now() }
  return once ? createOneTimeInvite(writer, options) : longTermInvite(writer, { ...options, rotate })
}

async function update (change: Partial<Own>, { turn, account }: MeParts): Promise<void> {
  await turn.write(writer => {
    writer.own.update(change)
    writer.onCommit(() => account.reload())
  })
}
