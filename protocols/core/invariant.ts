/** Bugs. A broken invariant stops the operation: wrong data must not spread. */

export class InvariantError extends Error {
  override name = 'InvariantError'
}

export function invariant (condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new InvariantError(`broken invariant: ${expectation}`)
}

/** For the default of a `switch` over a union: the compiler proves that it cannot be reached. */
export function unreachable (value: never): never {
  throw new InvariantError(`broken invariant: unexpected value of type ${typeof value}`)
}
