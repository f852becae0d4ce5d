/** The shape of an operation of the local API, and what several of them share. Law: docs/protocols/local.md. */
import type { JSONSchema } from 'json-schema-to-ts'
import { DELIVERY_STATE, MESSAGE_ID } from './schema.ts'

export function operation<const Params extends JSONSchema, const Result extends JSONSchema> (summary: string, params: Params, result: Result): { readonly summary: string, readonly params: Params, readonly result: Result } {
  return { summary, params, result }
}

export const NOTHING = { type: 'object', additionalProperties: false, properties: {} } as const
export const DONE = { type: 'object', additionalProperties: false, properties: {} } as const
export const ONE_ID = { type: 'object', additionalProperties: false, required: ['id'], properties: { id: MESSAGE_ID } } as const
/** What a file of a message is answered with. */
const SENT_ATTACHMENT = { type: 'object', additionalProperties: false, required: ['cid', 'name', 'bytes', 'type'], properties: { cid: { type: 'string' }, name: { type: 'string' }, bytes: { type: 'integer' }, type: { type: 'string' } } } as const
/** What a sent content is answered with, as soon as it is durable. */
export const SENT = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'state'],
  properties: { id: { type: 'string' }, state: DELIVERY_STATE, to: { type: 'string' }, attachments: { type: 'array', items: SENT_ATTACHMENT, description: 'Of a message with files.' } }
} as const
