/** What became of a transfer, in words for people. */
import type { FetchFailure } from './fetch-plan.ts'
import type { PutRefusal } from './upload-plan.ts'

const MIB = 2 ** 20

export function refusalWords ({ reason, limitBytes }: PutRefusal): string {
  switch (reason) {
    case 'version': return 'it speaks another version of the protocol for files'
    case 'notFound': return 'it has nothing of it'
    case 'badKey': return 'it does not take our key'
    case 'unknownAlias': return 'it does not know our door to this mailbox, or not any more'
    case 'tooLarge': return `it takes files of at most ${mebibytes(limitBytes)}`
    case 'quota': return limitBytes === 0 ? 'the recipient\'s share of its disk is full' : `of the recipient's share of its disk ${mebibytes(limitBytes)} are left`
    case 'capacity': return 'it has no room for files now'
    case 'busy': return 'it has too much to do now'
    case 'rate': return 'we have asked it too often'
    case 'notOffered': return 'it keeps no files'
    case 'malformed': return 'it could not make sense of what we said'
    case 'other': return 'it refuses, for a reason that this version does not know'
  }
}

export function failureWords (code: FetchFailure): string {
  switch (code) {
    case 'NOT_FOUND': return 'nobody who was asked has it: the sender is asked to bring it again'
    case 'NO_PROVIDERS': return 'nobody who may have it can be reached now'
    case 'TIMEOUT': return 'who has it did not bring it in time'
    case 'QUOTA': return 'who has it wants us to come back later'
  }
}

function mebibytes (bytes: number): string { return `${Math.floor(bytes / MIB)} MiB` }
