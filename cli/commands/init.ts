/** `skein init`: a new account. */
import { access, chmod, constants, lstat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { hasAccount, makeHome } from '../../node/home-files.ts'
import { StorageError, UsageError } from '../../protocols/core/errors.ts'
import type { Result } from '../../protocols/local/operations.ts'
import type { Invocation } from '../command.ts'
import { checkSetting } from '../config.ts'
import { askLine, isAsking } from '../confirm.ts'
import { unlockForNew } from '../password.ts'
import type { Unlock } from '../password.ts'
import { writeNewFile } from '../new-file.ts'

export async function init ({ flags, home, settings, output }: Invocation): Promise<void> {
  if (hasAccount(home)) throw new UsageError(`there is an account in ${home}`, 'It stays as it is. See it with: skein status, or choose another home with --home.')
  const name = await nameFor(flags.text('name'))
  const accept = checkSetting('accept', flags.text('accept') ?? settings.text('accept'), '--accept') === 'all' ? 'all' : 'ask'
  const unlock = await unlockForNew({ flags, environment: process.env, home })
  const wordsPath = flags.text('wordsFile')
  if (wordsPath !== undefined) await requireNew(wordsPath)
  await makePrivateHome(home)
  const made = await makeAccount({ home, name, accept, unlock, wordsPath })
  const shown = wordsPath === undefined ? { recoveryWords: made.words } : { wordsFile: wordsPath }
  const { account, device, peerId } = made.me
  await output.result({ account, device, peerId, name, home, ...shown }, [
    `The account of ${name} is made, in ${home}`, '',
    ...wordsPath === undefined ? wordsText(made.words) : [`The 24 recovery words are in ${wordsPath}. Keep them apart from this computer.`]
  ].join('\n'))
  output.note('\nNext: skein up, then invite somebody with skein me card')
}

interface NewAccount { readonly home: string, readonly name: string, readonly accept: 'ask' | 'all', readonly unlock: Unlock, readonly wordsPath: string | undefined }

async function makeAccount ({ home, name, accept, unlock, wordsPath }: NewAccount): Promise<{ readonly me: Result<'me.show'>, readonly words: readonly string[] }> {
  const { createNode } = await import('../../node/node.ts')
  let words: readonly string[] | undefined
  // The words exist only once, so there is no account before they are on the disk.
  const onRecoveryWords = async (given: readonly string[]): Promise<void> => {
    words = given
    if (wordsPath !== undefined) await writeNewFile(wordsPath, oneLine(given.join(' ')), { isReplacing: false })
  }
  const node = await createNode({ home, create: { name, accept }, unlock, onRecoveryWords })
  try {
    // No words were made, so no account was: the one that is there was opened.
    if (words === undefined) throw new UsageError('there is an account in this home directory already', 'Nothing was changed. Use it, or choose another home with --home.')
    return { me: await node.call('me.show', {}), words }
  } finally {
    await node.stop()
  }
}

async function nameFor (given: string | undefined): Promise<string> {
  if (given !== undefined) return given
  if (!isAsking()) throw new UsageError('the account needs a name', 'For example: skein init --name Ana')
  return await askLine('Your name, as others see it: ')
}

async function makePrivateHome (home: string): Promise<void> {
  makeHome(home)
  try {
    await chmod(home, 0o700)
  } catch (thrown) {
    throw new StorageError(`${home} cannot be made private`, 'No account was made. Choose another home with --home.', thrown)
  }
}

/** Looked at before anything is made; what changes meanwhile is found out when the file is written. */
async function requireNew (path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK)
  } catch (thrown) {
    throw new StorageError(`${path} cannot be written`, 'No account was made. Its directory must exist and let you write.', thrown)
  }
  if (await lstat(path).catch(() => undefined) !== undefined) throw new UsageError(`${path} is there already`, 'No account was made. Choose a new file for --words-file.')
}

async function * oneLine (text: string): AsyncGenerator<string> {
  yield await Promise.resolve(`${text}\n`)
}

/** Numbered, in columns that are read downwards, as they are copied to paper. */
function wordsText (words: readonly string[]): readonly string[] {
  const rowCount = Math.ceil(words.length / 4)
  const width = Math.max(0, ...words.map(word => word.length))
  const rows = Array.from({ length: rowCount }, (_, row) => [0, 1, 2, 3].map(column => {
    const index = column * rowCount + row
    return `${String(index + 1).padStart(4)} ${(words[index] ?? '').padEnd(width)}`
  }).join('  ').trimEnd())
  return [
    'Recovery words. They alone replace a lost computer; whoever has them is you.', '',
    ...rows, '',
    'Write them on paper and keep it apart from this computer. They are not shown again.'
  ]
}
