/** The message that a person means by an id or its first characters. */
import { NotFoundError, UsageError } from '../../protocols/core/errors.ts'
import { idRange, idText } from '../../protocols/core/ids.ts'
import type { Reader } from '../../store/reader.ts'
import type { Message } from '../../store/types.ts'

/** @throws NotFoundError, UsageError (ambiguous), MalformedError */
export function findMessage (text: string, reader: Reader): Message {
  const { low, high } = idRange(text)
  const ids = reader.messages.idsBetween(low, high, 2)
  const message = ids[0] === undefined ? undefined : reader.messages.byId(ids[0])
  if (message === undefined) throw new NotFoundError(`there is no message ${text}`, 'See the newest ones: skein read WHO')
  if (ids.length > 1) throw new UsageError(`several messages begin with ${text}`, `One of them is ${idText(message.id)}: give more characters.`)
  return message
}
