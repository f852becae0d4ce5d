/** The local API's schemas as such; that the server keeps to them is tested in test/node/api. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { OPERATIONS } from '../../protocols/local/operations.ts'
import { EVENT_VIEW } from '../../protocols/local/schema.ts'

const LAW = path.join(import.meta.dirname, '../../docs/protocols/local.md')

interface ObjectSchema { readonly required?: readonly string[], readonly properties?: Readonly<Record<string, unknown>>, readonly additionalProperties?: unknown }

describe('the local API', () => {
  const operations = Object.entries(OPERATIONS)
  const schemas = [...operations.flatMap(([name, { params, result }]) => [[`${name} params`, params], [`${name} result`, result]] as const), ['event', EVENT_VIEW] as const]

  it('says of every operation what it does, and the law names it', () => {
    const law = readFileSync(LAW, 'utf8')
    assert.deepEqual(operations.filter(([, { summary }]) => summary.trim() === '').map(([name]) => name), [])
    assert.deepEqual(operations.filter(([name]) => !law.includes(`\`${name}\``)).map(([name]) => name), [])
  })

  it('has closed shapes: a misspelt field is an error, not silence', () => {
    assert.deepEqual(schemas.flatMap(([place, schema]) => openObjects(place, schema)), [])
  })

  it('requires only fields that it describes', () => {
    assert.deepEqual(schemas.flatMap(([place, schema]) => undescribed(place, schema)), [])
  })
})

/** Every object schema within a schema, with the way to it. */
function * objectsIn (place: string, schema: unknown): Generator<readonly [string, ObjectSchema]> {
  if (typeof schema !== 'object' || schema === null) return
  if ('type' in schema && schema.type === 'object') yield [place, schema as ObjectSchema]
  for (const [key, inner] of Object.entries(schema)) yield * objectsIn(`${place}/${key}`, inner)
}

function openObjects (place: string, schema: unknown): readonly string[] {
  return [...objectsIn(place, schema)].filter(([, { additionalProperties }]) => additionalProperties !== false).map(([where]) => where)
}

function undescribed (place: string, schema: unknown): readonly string[] {
  return [...objectsIn(place, schema)].flatMap(([where, { required = [], properties = {} }]) => required.filter(field => !(field in properties)).map(field => `${where}: ${field}`))
}
