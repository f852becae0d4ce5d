/** Whom a person means: `@alias`, an alias or profile name without regard to case, or an account id. */
import { accountIdText, parseAccountId } from '../../protocols/core/ids.ts'
import { NotFoundError, UsageError } from '../../protocols/core/errors.ts'
import { checkName } from '../../protocols/core/text.ts'
import type { Reader } from '../../store/reader.ts'
import type { Contact } from '../../store/types.ts'

const SHORT_ACCOUNT = 8
const ACCOUNT_ID = /^[a-z2-7]{52}$/

/**
 * @throws NotFoundError when nobody is meant
 * @throws UsageError when several are
 */
export function resolveContact (who: string, reader: Reader): Contact {
  const name = who.startsWith('@') ? who.slice(1) : who
  const found = byAccount(name, reader) ?? reader.contacts.byAlias(name) ?? onlyOne(reader.contacts.byName(name), who)
  if (found === undefined || found.standing === 'pending') {
    throw new NotFoundError(`there is no contact ${who}`, found === undefined ? 'See who there is: skein contact list' : 'They asked to be a contact. See: skein requests list')
  }
  return found
}

function byAccount (text: string, reader: Reader): Contact | undefined {
  return ACCOUNT_ID.test(text) ? reader.contacts.byAccount(parseAccountId(text)) : undefined
}

/** A name that somebody gave themselves is not unique: a second Bob must not get the first one's mail. */
function onlyOne (contacts: readonly Contact[], who: string): Contact | undefined {
  const known = contacts.filter(contact => contact.standing !== 'pending' && contact.standing !== 'removed')
  if (known.length > 1) throw new UsageError(`${known.length} contacts call themselves ${who}`, 'Use an alias (skein contact rename) or the account id.')
  return known[0] ?? contacts[0]
}

/** An alias as a person gives it, with or without the @. @throws MalformedError, UsageError */
export function checkAlias (alias: string): string {
  const name = checkName(alias.startsWith('@') ? alias.slice(1) : alias, 'alias')
  if (ACCOUNT_ID.test(name)) throw new UsageError('an alias must not look like an account id')
  return name
}

/** What to call a contact. */
export function labelOf ({ alias, name, accountId }: Contact): string {
  return alias ?? (name === undefined || name === '' ? accountIdText(accountId).slice(0, SHORT_ACCOUNT) : name)
}
