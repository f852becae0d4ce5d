/** A test that cannot run here says why; the reporter prints the reason. A bare skip is refused by test/tidy/files.test.ts. */

/** Skips the running test, or every test of a suite when called in its `before`. */
export function skip (context: Mocha.Context, reason: string): never {
  const runnable = context.runnable()
  const isHook = 'type' in runnable && runnable.type === 'hook'
  Object.assign(isHook ? runnable.parent ?? runnable : runnable, { skipReason: reason })
  return context.skip()
}
