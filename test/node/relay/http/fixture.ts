/** A dashboard over a relay that is made up, on a free port. */
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { serveDashboard, type Dashboard } from '../../../../node/relay/http/dashboard.ts'
import { realClock } from '../../../../node/world.ts'
import { sampleOperator, type SampleOperator } from './sample.ts'

export interface Shown {
  readonly operator: SampleOperator
  readonly dashboard: Dashboard
  readonly faults: readonly Error[]
}

export async function show (operator: SampleOperator = sampleOperator()): Promise<Shown> {
  const faults: Error[] = []
  const dashboard = await serveDashboard({ operator, endpoint: '127.0.0.1:0', isAnyPortFine: false, clock: realClock, onFault: fault => faults.push(fault) })
  return { operator, dashboard, faults }
}

export interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** With headers that `fetch` would not let us set. */
export async function get (url: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Got> {
  return await new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, response => {
      text(response).then(body => { resolve({ status: response.statusCode ?? 0, headers: response.headers, body }) }, reject)
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}
