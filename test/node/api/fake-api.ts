/** A local API whose operations are given by the test; it remembers what it was asked. */
import { NotFoundError } from '../../../protocols/core/errors.ts'
import type { LocalApi, OperationName, Params, Result } from '../../../protocols/local/operations.ts'

export type Operations = { readonly [Name in OperationName]?: (params: Params<Name>) => Result<Name> | Promise<Result<Name>> }

export interface FakeApi extends LocalApi {
  readonly asked: Array<{ readonly name: OperationName, readonly params: object }>
}

export function fakeApi (operations: Operations): FakeApi {
  const asked: FakeApi['asked'] = []
  return {
    asked,
    async call (name, params) {
      asked.push({ name, params })
      const operation = operations[name]
      if (operation === undefined) throw new NotFoundError(`the fake has no ${name}`)
      return await operation(params)
    }
  }
}
