/**
 * The OpenAPI document of the local API, made of the same schemas that the server validates with: it cannot disagree.
 */
import { ERROR_VIEW, EVENT, OPERATIONS } from '../../protocols/local/operations.ts'
import type { OperationName } from '../../protocols/local/operations.ts'

/** OpenAPI 3.1, whose schemas are JSON Schema as it is. */
export function openApiDocument (version: string): object {
  const paths = Object.fromEntries(operationNames().map(name => [`/v1/${name}`, { post: operationObject(name) }]))
  return {
    openapi: '3.1.0',
    info: { title: 'Skein, the local API of a node', version, license: { name: 'AGPL-3.0-only', identifier: 'AGPL-3.0-only' } },
    servers: [{ url: 'http://localhost', description: 'Over the unix socket `node.sock` in the account\'s home.' }],
    paths: { ...paths, '/v1/events': { get: eventsObject() }, '/v1/version': { get: versionObject() } },
    components: { schemas: { Error: ERROR_VIEW, Event: EVENT }, responses: { Failure: failureObject() } }
  }
}

export function operationNames (): readonly OperationName[] {
  return Object.keys(OPERATIONS) as OperationName[]
}

function operationObject (name: OperationName): object {
  const { summary, params, result } = OPERATIONS[name]
  return {
    operationId: name,
    summary,
    requestBody: { required: false, content: json(params) },
    responses: { 200: { description: 'Done.', content: json(envelope(`skein.${name}/1`, result)) }, default: { $ref: '#/components/responses/Failure' } }
  }
}

function eventsObject (): object {
  const { name, after } = OPERATIONS['events.page'].params.properties
  return {
    operationId: 'events',
    summary: 'Events as JSON Lines, for as long as the client reads; an empty line at least every 15 s',
    parameters: [{ name: 'name', in: 'query', schema: name }, { name: 'after', in: 'query', schema: after }],
    responses: {
      200: { description: 'One event a line.', content: { 'application/x-ndjson': { schema: { $ref: '#/components/schemas/Event' } } } },
      default: { $ref: '#/components/responses/Failure' }
    }
  }
}

function versionObject (): object {
  const result = { type: 'object', required: ['version'], properties: { version: { type: 'string' } } }
  return { operationId: 'version', summary: 'The version of the node', responses: { 200: { description: 'The version.', content: json(envelope('skein.version/1', result)) } } }
}

function failureObject (): object {
  return {
    description: 'Refused or failed; `exit` is the class of the error, `hint` says what is safe and what to do.',
    content: json({ type: 'object', required: ['schema', 'ok', 'error'], properties: { schema: { type: 'string' }, ok: { const: false }, error: { $ref: '#/components/schemas/Error' } } })
  }
}

function envelope (schema: string, data: object): object {
  return { type: 'object', required: ['schema', 'ok', 'data'], properties: { schema: { const: schema }, ok: { const: true }, data } }
}

function json (schema: object): object {
  return { 'application/json': { schema } }
}
