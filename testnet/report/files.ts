/** Where the record of a run and its page lie, and which is the latest. */
import { existsSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NotFoundError } from '../../protocols/core/errors.ts'
import { documentOf } from './document.ts'
import { decodeRecord, encodeRecord, type RunRecord } from './record.ts'

export const RECORD_FILE = 'record.json'
export const PAGE_FILE = 'report.html'

/** Both, in this directory or with the page where it is wanted. Returns where the page is. */
export async function writeReport (record: RunRecord, { directory, page = join(directory, PAGE_FILE) }: { readonly directory: string, readonly page?: string }): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  replace(join(directory, RECORD_FILE), encodeRecord(record))
  await writePage(record, page)
  return page
}

export async function writePage (record: RunRecord, page: string): Promise<void> {
  await mkdir(dirname(page), { recursive: true })
  replace(page, documentOf(record))
}

/** A record file, or the latest in a directory or one below it. @throws NotFoundError, MalformedError */
export async function findRecord (place: string): Promise<{ readonly record: RunRecord, readonly file: string }> {
  const file = recordFileIn(place)
  if (file === undefined) throw new NotFoundError(`there is no record in ${place}`, 'Make one with: skein testnet run, or skein testnet prove. Or start a testnet: skein testnet up')
  return { record: decodeRecord(await readFile(file, 'utf8')), file }
}

function recordFileIn (place: string): string | undefined {
  if (!existsSync(place)) return undefined
  if (!statSync(place).isDirectory()) return place
  const below = readdirSync(place, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(({ name }) => join(place, name, RECORD_FILE))
  const files = [join(place, RECORD_FILE), ...below].filter(path => existsSync(path)).map(path => ({ path, atMs: statSync(path).mtimeMs }))
  return files.reduce<typeof files[number] | undefined>((latest, file) => latest === undefined || file.atMs > latest.atMs ? file : latest, undefined)?.path
}

/** As a whole or not at all: somebody may be reading it. */
function replace (file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
