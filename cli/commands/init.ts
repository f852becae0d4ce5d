/** `skein init`: a new account. */
import { chmod, mkdir, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { hasAccount } from '../../node/home-files.ts'
import { StorageError, UsageError } from '../../protocols/core/errors.ts'
import type { Result } from '../../protocols/local/operations.ts'
import type { Invocation } from '../command.ts'
import { checkSetting } from '../config.ts'
import { askLine, isAsking } from '../confirm.ts'
import { unlockForNew } from '../password.ts'
import type { Unlock } from '../password.ts'

export async function init ({ flags, home, settings, output }: Invocation): Promise<void> {
  if (hasAccount(home)) throw new UsageError(`there is an account in ${home}`, 'It stays as it is. See it with: skein status, or choose another home with --home.')
  const name = await nameFor(flags.text('name'))
  const accept = checkSetting('accept', flags.text('accept') ?? settings.text('accept'), '--accept') === 'all' ? 'all' : 'ask'
  const unlock = await unlockForNew({ flags, environment: process.env, home })
  const wordsPath = flags.text('wordsFile')
  // Before the account is made: the words exist only once.
  const wordsFile = wordsPath === undefined ? undefined : await newPrivateFile(wordsPath)
  try {
    await makeHome(home)
    const made = await makeAccount({ home, name, accept, unlock })
    await wordsFile?.writeFile(`${made.words.join(' ')}\n`)
    await wordsFile?.sync()
    const shown = wordsPath === undefined ? { recoveryWords: made.words } : { wordsFile: wordsPath }
    const { account, device, peerId } = made.me
    await output.result({ account, device, peerId, name, home, ...shown }, [
      `The account of ${name} is made, in ${home}`, '',
      ...wordsPath === undefined ? wordsText(made.words) : [`The 24 recovery words are in ${wordsPath}. Keep them apart from this computer.`]
    ].join('\n'))
  } finally {
    await wordsFile?.close()
  }
  output.note('\nNext: skein up, then invite somebody with skein me card')
}

interface NewAccount { readonly home: string, readonly name: string, readonly accept: 'ask' | 'all', readonly unlock: Unlock }

async function makeAccount ({ home, name, accept, unlock }: NewAccount): Promise<{ readonly me: Result<'me.show'>, readonly words: readonly string[] }> {
  const { createNode } = await import('../../node/node.ts')
  let words: readonly string[] | undefined
  const node = await createNode({ home, create: { name, accept }, unlock, onRecoveryWords: given => { words = given } })
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

async function makeHome (home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 })
    await chmod(home, 0o700)
  } catch (thrown) {
    throw new StorageError(`${home} cannot be made`, 'Choose another home with --home.', thrown)
  }
}

async function newPrivateFile (path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600)
  } catch (thrown) {
    const isThere = thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST'
    throw isThere ? new UsageError(`${path} is there already`, 'No account was made. Choose a new file for --words-file.') : new StorageError(`${path} cannot be written`, 'No account was made.', thrown)
  }
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
