/** Small facts by name that must survive a restart: counters, watermarks. */
import type { Database, Statement } from '../database.ts'
import { bytes } from './columns.ts'

type Fact = number | string | Uint8Array

export class FactReader {
  readonly #get: Statement<[string], { readonly value: Fact }>

  constructor (database: Database) {
    this.#get = database.prepare('SELECT value FROM facts WHERE name = ?')
  }

  number (name: string): number | undefined {
    const value = this.#get.get(name)?.value
    return typeof value === 'number' ? value : undefined
  }

  text (name: string): string | undefined {
    const value = this.#get.get(name)?.value
    return typeof value === 'string' ? value : undefined
  }

  bytes (name: string): Uint8Array | undefined {
    const value = this.#get.get(name)?.value
    return value instanceof Uint8Array ? bytes(value) : undefined
  }
}

export class FactWriter {
  readonly #set: Statement<[string, Fact], never>

  constructor (database: Database) {
    this.#set = database.prepare('INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value')
  }

  set (name: string, value: Fact): void { this.#set.run(name, value) }
}
