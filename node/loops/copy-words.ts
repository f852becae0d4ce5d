/** Why a relay does not keep a copy, in words: for the trace. */
const WORDS: Readonly<Record<string, string>> = {
  tooLarge: 'it is too large for it',
  badToken: 'the invite is not valid any more',
  full: 'requests of strangers wait there already',
  rate: 'too much at once',
  malformed: 'it could not make sense of it',
  busy: 'it is busy',
  storage: 'its disk is in trouble',
  unknownAlias: 'it has no mailbox for us any more',
  badMac: 'the key of the mailbox is another one now',
  mailboxFull: 'the mailbox is full',
  capacity: 'it is full'
}

export function copyRefusalWords (reason: string): string { return WORDS[reason] ?? reason }
