/** Blocking and its end: what a contact was before is what it is afterwards. */
import type { Writer } from '../../store/writer.ts'
import type { Contact } from '../../store/types.ts'

/** Nothing of theirs gets in any more, and they are not told. Whom we had not accepted is no contact after an unblock either. */
export function markBlocked ({ contact, standing }: Contact, writer: Writer): void {
  if (standing !== 'blocked') writer.facts.set(standingFact(contact), standing === 'pending' ? 'removed' : standing)
  writer.contacts.update(contact, { standing: 'blocked' })
  writer.requests.remove(contact)
}

export function unmarkBlocked ({ contact }: Contact, writer: Writer): void {
  const before = writer.read.facts.text(standingFact(contact))
  writer.contacts.update(contact, { standing: before === 'requested' || before === 'removed' ? before : 'accepted' })
}

function standingFact (contact: number): string {
  return `standing-before-block:${contact}`
}
