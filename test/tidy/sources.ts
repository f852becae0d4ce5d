/** The files of the repository: what git keeps, and what is new and not ignored. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from './tool.ts'

export interface Source { readonly path: string, readonly text: string }

/** Folders whose files must be read by the layering check. */
export const CODE_FOLDERS = ['protocols', 'store', 'node', 'cli', 'web', 'test', 'testnet', 'bench', 'scripts'].filter(folder => existsSync(path.join(ROOT, folder)))

/** Paths relative to the root, with `/`. Patterns are git's: `*.ts` matches in every folder. */
export function listFiles (...patterns: readonly string[]): readonly string[] {
  return execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...patterns], { cwd: ROOT, encoding: 'utf8' })
    .split('\0').filter(file => file !== '' && existsSync(path.join(ROOT, file)))
}

export function readSources (...patterns: readonly string[]): readonly Source[] {
  return listFiles(...patterns).map(file => ({ path: file, text: readText(file) }))
}

export function readText (file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8')
}

export function isGenerated (file: string): boolean {
  return file.endsWith('_pb.ts')
}
