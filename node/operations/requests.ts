/** People who ask to be a contact. */
import { NotFoundError, UsageError } from '../../protocols/core/errors.ts'
import { accountIdText, idText } from '../../protocols/core/ids.ts'
import type { Reader } from '../../store/reader.ts'
import type { Contact, Request } from '../../store/types.ts'
import { markBlocked } from '../contacts/blocks.ts'
import { acceptContact } from '../contacts/introductions.ts'
import { checkAlias } from '../contacts/resolve.ts'
import type { Turn } from '../turn/turn.ts'
import type { Handlers } from './handlers.ts'
import type { Views } from './views.ts'

export interface RequestParts {
  readonly reader: Reader
  readonly turn: Turn
  readonly views: Views
}

export function requestOperations (parts: RequestParts): Handlers<'requests.list' | 'requests.accept' | 'requests.reject'> {
  const { reader, turn, views } = parts
  return {
    'requests.list': () => ({ requests: reader.requests.list().map(request => views.request(request)) }),
    'requests.accept': async ({ id, as }) => {
      const { contact } = find(id, reader)
      const alias = as === undefined ? undefined : checkAlias(as)
      await turn.write((writer, round) => {
        if (alias !== undefined) writer.contacts.update(contact.contact, { alias })
        acceptContact(contact, { writer, round })
      })
      return { contact: views.contact(reader.contacts.byNumber(contact.contact) ?? contact) }
    },
    'requests.reject': async ({ id, block = false }) => {
      const { contact } = find(id, reader)
      await turn.write((writer, round) => {
        writer.requests.remove(contact.contact)
        if (block) markBlocked(contact, writer)
        else writer.contacts.update(contact.contact, { standing: 'removed' })
        round.toForget.add(contact.contact)
      })
      return {}
    }
  }
}

/** By request id or its first characters, account id, or the claimed name. */
function find (text: string, reader: Reader): { readonly request: Request, readonly contact: Contact } {
  const wanted = (text.startsWith('@') ? text.slice(1) : text).toLowerCase()
  const matches = reader.requests.list().flatMap(request => {
    const contact = reader.contacts.byNumber(request.contact)
    return contact !== undefined && isMeant({ request, contact }, wanted) ? [{ request, contact }] : []
  })
  const [first, second] = matches
  if (first === undefined) throw new NotFoundError(`there is no request ${text}`, 'See who asks: skein requests list')
  if (second !== undefined) throw new UsageError(`several requests match ${text}`, 'Use the request id: skein requests list')
  return first
}

function isMeant ({ request, contact }: { readonly request: Request, readonly contact: Contact }, wanted: string): boolean {
  return idText(request.requestId).toLowerCase().startsWith(wanted) || accountIdText(contact.accountId) === wanted || request.name.toLowerCase() === wanted
}
