/**
 * By what rules the relay works, signed with its key, so that it can be held to them: /policy.json. What is signed is the
 * canonical form of `policy` (RFC 8785: members sorted, nothing between them) behind a name of its own. docs/operating.md, "Policy"
 */
import { concat } from 'uint8arrays'
import type { Signer } from '../../ports.ts'
import type { RelayConfig } from '../config.ts'

export interface Policy {
  readonly relay: string
  readonly name: string
  readonly operator: string
  readonly version: string
  readonly admission: 'open' | 'code' | 'list'
  /** Whether somebody new gets a mailbox now. */
  readonly takesMailboxes: boolean
  readonly mailboxItemsMax: number
  readonly mailboxBytesMax: number
  readonly aliasesMax: number
  readonly aliasItemsMax: number
  readonly aliasBytesMax: number
  readonly lifetimeMsMax: number
  readonly capBytes: number
  /** Whether files of users are taken, and by what rules. */
  readonly takesMedia: boolean
  readonly mediaBlobBytesMax: number
  readonly mediaMailboxBytesMax: number
  readonly mediaKeepMsMax: number
  readonly mediaCapBytes: number
  readonly issuedAtMs: number
}

export interface SignedPolicy {
  readonly schema: 'skein.relay.policy/1'
  readonly policy: Policy
  /** Ed25519 by the key that the PeerId `relay` holds, base64. */
  readonly signature: string
}

const CONTEXT = new TextEncoder().encode('skein/policy/v1\0')

export interface PolicyParts {
  readonly config: RelayConfig
  readonly relay: string
  readonly version: string
  readonly takesMailboxes: boolean
  readonly nowMs: number
  readonly signer: Signer
}

export function signedPolicy ({ config, relay, version, takesMailboxes, nowMs, signer }: PolicyParts): SignedPolicy {
  const { name, operator, admission, quotas, media, capBytes } = config
  const { mailboxItemsMax, mailboxBytesMax, aliasesMax, aliasItemsMax, aliasBytesMax, lifetimeMsMax } = quotas
  const policy: Policy = {
    relay,
    name,
    operator,
    version,
    takesMailboxes,
    capBytes,
    admission: admission.type,
    mailboxItemsMax,
    mailboxBytesMax,
    aliasesMax,
    aliasItemsMax,
    aliasBytesMax,
    lifetimeMsMax,
    takesMedia: media.isOn,
    mediaBlobBytesMax: media.blobBytesMax,
    mediaMailboxBytesMax: media.mailboxBytesMax,
    mediaKeepMsMax: media.keepMsMax,
    mediaCapBytes: media.capBytes,
    issuedAtMs: nowMs
  }
  return { schema: 'skein.relay.policy/1', policy, signature: Buffer.from(signer.sign(policySigningInput(policy))).toString('base64') }
}

/** All members are texts, whole numbers and flags: for these, JSON with sorted members is the canonical form. */
export function policySigningInput (policy: Policy): Uint8Array {
  const sorted = Object.fromEntries(Object.entries(policy).toSorted(([left], [right]) => left < right ? -1 : 1))
  return concat([CONTEXT, new TextEncoder().encode(JSON.stringify(sorted))])
}
