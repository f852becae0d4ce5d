/** The options of a command line, typed where they are asked for. */
import { UsageError } from '../protocols/core/errors.ts'
import { didYouMean } from './suggest.ts'

/** The options as they were typed, by their long name in camel case. */
export class Flags {
  readonly #values: Readonly<Record<string, unknown>>
  constructor (values: Readonly<Record<string, unknown>>) { this.#values = values }

  isOn (name: string): boolean {
    return this.#values[name] === true
  }

  /** The value, or `true` when an option whose value may be left out came without one. */
  given (name: string): string | true | undefined {
    const value = this.#values[name]
    return typeof value === 'string' || value === true ? value : undefined
  }

  text (name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' ? value : undefined
  }

  list (name: string): readonly string[] {
    const value = this.#values[name]
    return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
  }

  /** @throws UsageError when it is not one of `allowed` */
  choice<Choice extends string> (name: string, allowed: readonly Choice[]): Choice | undefined {
    const value = this.text(name)
    return value === undefined ? undefined : oneOf(value, allowed, `--${kebab(name)}`)
  }

  /** @throws UsageError unless it is a whole number from `min` to `max` */
  count (name: string, { min, max }: { readonly min: number, readonly max: number }): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const count = Number(value)
    if (!/^\d+$/.test(value) || count < min || count > max) throw new UsageError(`--${kebab(name)} takes a number from ${min} to ${max}`)
    return count
  }
}

/** @throws UsageError that lists `allowed` */
export function oneOf<Choice extends string> (value: string, allowed: readonly Choice[], what: string): Choice {
  const choice = allowed.find(candidate => candidate === value)
  if (choice === undefined) throw new UsageError(`${what} takes ${allowed.join(', ')}`, didYouMean(value, allowed))
  return choice
}

function kebab (name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}
