/** What implements an operation of the local API. */
import type { OperationName, Params, Result } from '../../protocols/local/operations.ts'

export type Handlers<Name extends OperationName = OperationName> = {
  readonly [Each in Name]: (params: Params<Each>) => Promise<Result<Each>> | Result<Each>
}
