/**
 * The password of a vault: from a file, the environment, standard input, or typed on a terminal without being shown. Never
 * from an option's value: every user of a machine can read command lines.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { NotFoundError, UsageError } from '../protocols/core/errors.ts'
import type { Flags } from './flags.ts'
import { isAsking } from './confirm.ts'
import { interruption } from './failure.ts'
import { readStdin } from './stdin.ts'

/** As in NodeConfig of node/node.ts. */
export interface Unlock { readonly password?: string, readonly keyFile?: string | true, readonly keychain?: boolean }

export interface PasswordSources {
  readonly flags: Flags
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly home: string
}

const HOW = 'Pass --password-file FILE, --password-stdin or the variable SKEIN_PASSWORD.'

/** How an existing account is opened. @throws UsageError when it takes a password and there is no terminal to ask at */
export async function unlockFor (sources: PasswordSources): Promise<Unlock> {
  const given = await givenPassword(sources)
  if (given !== undefined) return { password: given }
  if (!await takesPassword(sources.home)) return {}
  if (!isAsking()) throw new UsageError('this account is closed with a password', HOW)
  const [password = ''] = await ask(['Password: '])
  return { password }
}

/** How a new account will be closed. @throws UsageError when nothing was said and there is no terminal to ask at */
export async function unlockForNew (sources: PasswordSources): Promise<Unlock> {
  const { flags } = sources
  const keyFile = flags.given('keyFile')
  if (keyFile !== undefined) return { keyFile }
  if (flags.isOn('keychain')) return { keychain: true }
  const given = await givenPassword(sources)
  if (given !== undefined) return { password: given }
  if (!isAsking()) throw new UsageError('nothing says how the account is to be closed', `${HOW} Or pass --key-file: the key then lies in the home, and nobody is asked; or --keychain.`)
  const [password = '', again] = await ask(['New password: ', 'The same again: '])
  if (again !== notEmpty(password)) throw new UsageError('the passwords are not the same', 'Nothing was made. Try again.')
  return { password }
}

async function givenPassword ({ flags, environment }: PasswordSources): Promise<string | undefined> {
  const file = flags.text('passwordFile')
  if (file !== undefined) return notEmpty(firstLine(await readPasswordFile(file)))
  if (flags.isOn('passwordStdin')) return notEmpty(firstLine(await readStdin('the password')))
  const variable = environment['SKEIN_PASSWORD'] ?? ''
  return variable === '' ? undefined : variable
}

async function readPasswordFile (path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    throw new NotFoundError(`the password file ${path} cannot be read`)
  }
}

/** Editors end a file with a line end that is no part of the password. */
function firstLine (text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ''
}

function notEmpty (password: string): string {
  if (password === '') throw new UsageError('the password is empty')
  return password
}

/** A vault that also has a key which is found without asking needs no password. */
async function takesPassword (home: string): Promise<boolean> {
  try {
    const { slots = [] } = JSON.parse(await readFile(join(home, 'vault.json'), 'utf8')) as { readonly slots?: ReadonlyArray<{ readonly type?: unknown }> }
    const types = slots.map(({ type }) => type)
    return types.includes('password') && !types.includes('keyfile') && !types.includes('keychain')
  } catch {
    // Missing or damaged: opening it says so better than we could.
    return false
  }
}

/**
 * What is typed is not shown: the line editor writes to nowhere. One editor asks all questions and takes the terminal over
 * before the first one, because between two of them, or before, the terminal itself would show what is typed.
 */
async function ask (questions: readonly string[]): Promise<readonly string[]> {
  const { createInterface } = await import('node:readline')
  const nowhere = new Writable({ write (_chunk, _encoding, done) { done() } })
  const editor = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 })
  const interrupted = Promise.withResolvers<never>()
  // Ctrl-C, and the end of a terminal that was closed.
  for (const event of ['SIGINT', 'close']) editor.once(event, () => interrupted.reject(interruption()))
  const lines = editor[Symbol.asyncIterator]()
  const answers: string[] = []
  try {
    for (const question of questions) {
      process.stderr.write(question)
      const line = await Promise.race([lines.next(), interrupted.promise])
      process.stderr.write('\n')
      if (line.done !== true) answers.push(line.value)
    }
    return answers
  } finally {
    // It is also closed when all went well; nobody waits for that.
    interrupted.promise.catch(() => undefined)
    editor.close()
  }
}
