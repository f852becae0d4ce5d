/** The home of a user, made in this process by the product's own code, as `skein init` would; only that the secrets are published ones. */
import { writeFileSync } from 'node:fs'
import { longTermInvite } from '../../node/contacts/invites.ts'
import { makeHome } from '../../node/home-files.ts'
import { makeAccount } from '../../node/home.ts'
import { makeRecordKeys } from '../../node/own-account.ts'
import { portFact } from '../../node/net/ports.ts'
import { realClock } from '../../node/world.ts'
import type { AccountStore } from '../../store/account-store.ts'
import { lockHome } from '../../store/lock.ts'
import type { AcceptPolicy } from '../../store/types.ts'
import { accountSecretsOf, publishedRandom, type Published } from './published.ts'

export interface NewUser {
  readonly who: Published
  readonly home: string
  readonly wordsFile: string
  readonly accept: AcceptPolicy
  /** At which port it is to listen where it says none, if nobody else does by then. */
  readonly port: { readonly listen: string, readonly number: number } | undefined
}

export interface NewHome extends Disposable { readonly store: AccountStore }

/** A home with everything in it that has to stay the same: keys, words, record, invite. Open until it is disposed of. @throws StorageError */
export async function makeUserHome ({ who, home, wordsFile, accept, port }: NewUser): Promise<NewHome> {
  makeHome(home)
  const lock = lockHome(home)
  try {
    const onRecoveryWords = (words: readonly string[]): void => { writeFileSync(wordsFile, `${words.join(' ')}\n`, { mode: 0o600 }) }
    const store = await makeAccount({ home, create: { name: who.name, accept }, unlock: { keyFile: true }, onRecoveryWords }, accountSecretsOf(who))
    const dispose = (): void => {
      store.close()
      lock.release()
    }
    store.transact(writer => {
      makeRecordKeys(writer, publishedRandom(who, 'record'))
      longTermInvite(writer, { random: publishedRandom(who, 'invite'), nowMs: realClock.now(), rotate: false })
      if (port !== undefined) writer.facts.set(portFact(port.listen), port.number)
    })
    return { store, [Symbol.dispose]: dispose }
  } catch (error) {
    lock.release()
    throw error
  }
}
