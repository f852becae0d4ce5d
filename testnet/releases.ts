/**
 * Other versions of Skein, for nodes that are upgraded while the talk goes on: a folder with one, or a commit of the repository that this
 * program runs from, taken out of its history.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { launcherPath } from '../cli/skein-process.ts'
import { RefusedError } from '../protocols/core/errors.ts'

/** The newest tag of a version before this one. */
const PREVIOUS = 'previous'

const ROOT = dirname(dirname(launcherPath()))
const run = promisify(execFile)

/**
 * Where the version lies that is wished for: a folder, a tag, a commit, or `previous`.
 * @param folder where versions are put that come out of the history
 * @throws RefusedError when there is none, or it needs other packages than those that are installed here
 */
export async function releaseFolder (wish: string, folder: string): Promise<string> {
  if (existsSync(join(wish, 'bin', 'skein.js'))) return resolve(wish)
  if (!existsSync(join(ROOT, '.git'))) throw new RefusedError('an installed package has no other version of itself', 'Nothing was started. Unpack one, and name its folder: --release FOLDER')
  const commit = await commitOf(wish === PREVIOUS ? await previousTag() : wish)
  const place = resolve(folder, commit)
  if (!existsSync(place)) await takeOut(commit, place)
  return place
}

async function previousTag (): Promise<string> {
  const [head, tags] = await Promise.all([git('rev-parse', 'HEAD'), git('tag', '--list', 'v[0-9]*', '--merged', 'HEAD', '--sort=-version:refname')])
  for (const tag of tags.split('\n').filter(each => each !== '')) {
    if (await git('rev-parse', `${tag}^{commit}`) !== head) return tag
  }
  throw new RefusedError('there is no previous release here: no tag v… in this history', 'Nothing was started. Name a folder, a tag or a commit: --release COMMIT')
}

async function commitOf (wish: string): Promise<string> {
  try {
    return await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${wish}^{commit}`)
  } catch {
    throw new RefusedError(`${wish} is no folder with a version of Skein, and no commit of this history`, 'Nothing was started. A shallow clone has no history: git fetch --unshallow --tags')
  }
}

/** As a whole or not at all. */
async function takeOut (commit: string, place: string): Promise<void> {
  const draft = `${place}.new`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true })
  await git('archive', '--format=tar', `--output=${draft}.tar`, commit)
  await run('tar', ['-xf', `${draft}.tar`, '-C', draft])
  rmSync(`${draft}.tar`)
  requireSamePackages(draft)
  symlinkSync(join(ROOT, 'node_modules'), join(draft, 'node_modules'), 'junction')
  renameSync(draft, place)
}

/** It uses what is installed here, so it must want nothing else. */
function requireSamePackages (folder: string): void {
  const [ours, theirs] = [dependenciesIn(ROOT), dependenciesIn(folder)]
  const other = Object.entries(theirs).find(([name, version]) => ours[name] !== version)
  if (other !== undefined) throw new RefusedError(`that version needs ${other.join(' ')}, which is not what is installed here`, 'Nothing was started. Install it by hand in a folder of its own (git worktree add, npm ci), and name that: --release FOLDER')
}

function dependenciesIn (folder: string): Readonly<Record<string, string>> {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly dependencies: Readonly<Record<string, string>> }).dependencies
}

async function git (...args: readonly string[]): Promise<string> {
  return (await run('git', ['-C', ROOT, ...args])).stdout.trim()
}
