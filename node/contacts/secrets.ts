/**
 * The secret behind our aliases for a contact: made once, when they may reach us, and told to nobody else. A contact that is
 * removed and comes back gets another one, so that what it knew opens nothing (docs/protocols/mailbox.md, "Aliases").
 */
import { ALIAS_SECRET_BYTES } from '../../protocols/core/limits.ts'
import type { Writer } from '../../store/writer.ts'
import type { Random } from '../ports.ts'

/** Looks at these contacts, inside the transaction that has changed them. */
export function giveSecrets (contacts: Iterable<number>, { writer, random }: { readonly writer: Writer, readonly random: Random }): void {
  for (const number of contacts) {
    const contact = writer.read.contacts.byNumber(number)
    if (contact === undefined) continue
    const { standing, aliasSecret } = contact
    if (standing === 'removed' && aliasSecret !== undefined) writer.contacts.update(number, { aliasSecret: undefined })
    const mayReachUs = standing === 'accepted' || standing === 'requested'
    if (mayReachUs && aliasSecret === undefined) writer.contacts.update(number, { aliasSecret: random.bytes(ALIAS_SECRET_BYTES) })
  }
}
