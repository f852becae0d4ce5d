/**
 * Parameters are checked against the operations' schemas, each compiled when it is first needed: a node that nobody asks for
 * months does not hold forty compiled schemas in its memory (12 MB of 120).
 */
import { createRequire } from 'node:module'
import type { Ajv as AjvClass, ValidateFunction } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'

const require = createRequire(import.meta.url)

/** For `setValidatorCompiler`. Nothing is converted, and nothing unknown is dropped: a foreign program learns of its mistakes. */
export function lazyValidators (): FastifySchemaCompiler<object> {
  let ajv: AjvClass | undefined
  return ({ schema }) => {
    let validate: ValidateFunction | undefined
    return (value: unknown) => {
      ajv ??= newAjv()
      validate ??= ajv.compile(schema)
      return validate(value) ? { value } : { error: validate.errors as unknown as Error }
    }
  }
}

function newAjv (): AjvClass {
  const { Ajv } = require('ajv') as { readonly Ajv: typeof AjvClass }
  return new Ajv({ coerceTypes: false, removeAdditional: false, useDefaults: false, allowUnionTypes: true, formats: { 'date-time': true } })
}
