/** Which conversations a few typed letters mean. */
import type { ChatState, Conversation } from './shape.ts'

/** Conversations whose label, alias or name holds the words; those that begin with them first. */
export function matchingConversations (state: ChatState, typed: string): Conversation[] {
  const wanted = folded(typed)
  if (wanted === '') return [...state.conversations]
  const matches = state.conversations.filter(conversation => names(conversation).some(name => name.includes(wanted)))
  const begins = matches.filter(conversation => names(conversation).some(name => name.startsWith(wanted)))
  return [...begins, ...matches.filter(conversation => !begins.includes(conversation))]
}

function names ({ contact }: Conversation): string[] {
  return [contact.label, contact.alias ?? '', contact.name ?? ''].filter(name => name !== '').map(folded)
}

/** Without case and accents, and without the @ that some type. */
function folded (name: string): string {
  return name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/^@/, '').trim()
}
