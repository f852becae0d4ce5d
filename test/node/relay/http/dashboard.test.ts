import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { request, type IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { UsageError } from '../../../../protocols/core/errors.ts'
import { policySigningInput, type SignedPolicy } from '../../../../node/relay/http/policy.ts'
import { serveDashboard } from '../../../../node/relay/http/dashboard.ts'
import { realClock } from '../../../../node/world.ts'
import { get, show, type Shown } from './fixture.ts'
import { emptyStats, sampleOperator, sampleStats } from './sample.ts'

/** Ed25519 in a SubjectPublicKeyInfo: RFC 8410, 4. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

describe('the dashboard of a relay', () => {
  let shown: Shown
  let url: string
  before(async () => {
    shown = await show()
    url = shown.dashboard.url
  })
  after(async () => {
    await shown.dashboard.stop()
    assert.deepEqual(shown.faults, [])
  })

  it('is whole without a script: every figure is in the page', async () => {
    const { status, body, headers } = await get(`${url}/`)
    assert.equal(status, 200)
    assert.match(String(headers['content-type']), /^text\/html/)
    for (const text of ['eu2.geese.net', '8,214', '61,403 envelopes wait, oldest 21 d', '17.8', 'of 25.0 GB', '2,113 of 2,113 audits answered yes', 'Mailbox full', 'Its owner is away', '611', 'm-3f9c21', '1,327 connected', 'cap 25 GB']) {
      assert.ok(body.includes(text), `${text} is missing`)
    }
  })

  it('asks for nothing from elsewhere and has nothing inline', async () => {
    const { body, headers } = await get(`${url}/`)
    assert.doesNotMatch(body, /(src|href)="(?!\/)/)
    assert.doesNotMatch(body, /<style|style="|<script(?! type="module" src="\/live\.js">)|\son\w+="/)
    assert.match(String(headers['content-security-policy']), /^default-src 'none'/)
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|\*|data:/)
  })

  it('serves every file that the page names', async () => {
    const { body } = await get(`${url}/`)
    const files = [...body.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(match => match[1] ?? '')
    assert.ok(files.length >= 5)
    for (const file of files) assert.equal((await get(`${url}${file}`)).status, 200, file)
  })

  it('answers to the names of this computer only, whatever a name elsewhere points to', async () => {
    const { port } = new URL(url)
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) assert.equal((await get(url, { host })).status, 200, host)
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${Number(port) + 1}`]) {
      const { status, body, headers } = await get(`${url}/metrics`, { host })
      assert.equal(status, 403, host)
      assert.doesNotMatch(body, /skein_relay_/)
      assert.equal(headers['x-content-type-options'], 'nosniff')
    }
  })

  it('does not answer to pages from elsewhere, but a link may lead to it', async () => {
    assert.equal((await get(`${url}/policy.json`, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).status, 403)
    assert.equal((await get(`${url}/`, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status, 200)
    assert.equal((await get(`${url}/live.js`, { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })).status, 200)
  })

  it('changes nothing: it has no way to be written to', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) assert.equal((await get(`${url}/`, {}, method)).status, 404, method)
    assert.deepEqual(shown.operator.asked, [])
  })

  it('signs its policy with the key that its PeerId holds', async () => {
    const { policy, signature } = JSON.parse((await get(`${url}/policy.json`)).body) as SignedPolicy
    const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, shown.operator.signer.publicKey]), format: 'der', type: 'spki' })
    assert.equal(policy.relay, shown.operator.peerId)
    assert.equal(policy.capBytes, 25e9)
    assert.equal(policy.takesMailboxes, true)
    assert.ok(verify(null, policySigningInput(policy), key, Buffer.from(signature, 'base64')))
    assert.ok(!verify(null, policySigningInput({ ...policy, capBytes: 1 }), key, Buffer.from(signature, 'base64')))
  })

  it('signs the same bytes in whatever order the members of a policy came', async () => {
    const { policy } = JSON.parse((await get(`${url}/policy.json`)).body) as SignedPolicy
    const turned = Object.fromEntries(Object.entries(policy).toReversed()) as unknown as typeof policy
    assert.deepEqual(policySigningInput(turned), policySigningInput(policy))
  })

  it('says what it does not have with what it has', async () => {
    const { status, body } = await get(`${url}/etc/passwd`)
    assert.equal(status, 404)
    assert.match(body, /There are: \/ /)
  })
})

describe('a relay that is asked for its health', () => {
  const readiness = async (change: Parameters<typeof sampleStats>[0]): Promise<{ readonly status: number, readonly body: { readonly ok: boolean, readonly data: { readonly reasons: string[], readonly newMailboxes: boolean, readonly closed: string[] } } }> => {
    const { dashboard } = await show(sampleOperator(sampleStats(change)))
    const [ready, health] = [await get(`${dashboard.url}/readyz`), await get(`${dashboard.url}/healthz`)]
    await dashboard.stop()
    assert.equal(health.status, 200)
    return { status: ready.status, body: JSON.parse(ready.body) as never }
  }

  it('is ready while it takes deposits', async () => {
    const { status, body } = await readiness({})
    assert.equal(status, 200)
    assert.deepEqual(body.data, { ready: true, reasons: [], newMailboxes: true, closed: [] })
  })

  it('is ready but says why it takes nobody new', async () => {
    const { status, body } = await readiness({ closed: ['cap', 'memory'] })
    assert.equal(status, 200)
    assert.equal(body.data.newMailboxes, false)
    assert.deepEqual(body.data.closed, ['the cap on disk use is nearly reached', 'memory is short'])
  })

  it('is not ready while it starts, drains, stops or cannot write, and says so', async () => {
    for (const change of [{ state: 'starting' }, { state: 'draining' }, { state: 'stopping' }, { closed: ['storage'] }] as const) {
      const { status, body } = await readiness(change)
      assert.equal(status, 503, JSON.stringify(change))
      assert.equal(body.ok, false)
      assert.equal(body.data.reasons.length, 1)
    }
  })
})

describe('an alert of the dashboard', () => {
  const pageOf = async (change: Parameters<typeof sampleStats>[0]): Promise<string> => {
    const { dashboard } = await show(sampleOperator(sampleStats(change)))
    const { body } = await get(`${dashboard.url}/`)
    await dashboard.stop()
    return /<div id="alerts" role="status">([^]*?)<\/div>\n<div class="grid">/.exec(body)?.[1] ?? assert.fail('no alerts')
  }

  it('is missing while all is well', async () => {
    assert.equal((await pageOf({})).trim(), '')
  })

  it('says when the disk is full soon, and what to type', async () => {
    const alert = await pageOf({ disk: { usedBytes: 24e9, capBytes: 25e9, freeBytes: 0, availableBytes: 1e9 } })
    assert.match(alert, /The disk is full in 2 days/)
    assert.match(alert, /skein relay limits disk\.cap/)
  })

  it('says trouble in words, whatever stands in them', async () => {
    const alert = await pageOf({ trouble: ['<b>full & gone</b>'], closed: ['storage'] })
    assert.match(alert, /&#60;b&#62;full &#38; gone/)
    assert.match(alert, /note danger/)
    assert.doesNotMatch(alert, /No new mailboxes/)
  })

  it('says that a relay drains', async () => {
    assert.match(await pageOf({ state: 'draining', closed: ['draining'] }), /This relay is draining/)
  })
})

describe('the port of the dashboard', () => {
  it('may be another one when nobody asked for it', async () => {
    const squatter = createServer().listen(0, '127.0.0.1')
    await once(squatter, 'listening')
    const { port } = squatter.address() as { readonly port: number }
    const options = { operator: sampleOperator(emptyStats()), endpoint: `127.0.0.1:${port}`, clock: realClock }
    await assert.rejects(serveDashboard({ ...options, isAnyPortFine: false }), (thrown: Error) => thrown instanceof UsageError && /taken/.test(thrown.message))
    const dashboard = await serveDashboard({ ...options, isAnyPortFine: true })
    assert.notEqual(new URL(dashboard.url).port, String(port))
    assert.equal((await get(`${dashboard.url}/healthz`)).status, 200)
    await dashboard.stop()
    squatter.close()
    await once(squatter, 'close')
  })

  it('is one of this computer', async () => {
    await assert.rejects(serveDashboard({ operator: sampleOperator(), endpoint: '0.0.0.0:0', isAnyPortFine: true, clock: realClock }), UsageError)
  })
})

describe('a page that watches', () => {
  it('gets everything first, then only what has changed', async () => {
    const { operator, dashboard } = await show()
    const { response, outgoing } = await watch(`${dashboard.url}/live`)
    const events = eventsOf(response)
    const first = await next(events)
    assert.deepEqual(Object.keys(first.parts).length, 12)
    const { held } = sampleStats()
    operator.show(sampleStats({ held: { ...held, mailboxes: 8_215 } }))
    let changed = await next(events)
    while (!('mailboxes' in changed.parts)) changed = await next(events)
    assert.match(changed.parts['mailboxes'] ?? '', /8,215/)
    assert.ok(!('stuck' in changed.parts))
    outgoing.destroy()
    await dashboard.stop()
  })

  it('is let go when the relay stops', async () => {
    const { dashboard } = await show()
    const { response } = await watch(`${dashboard.url}/live`)
    response.resume()
    await Promise.all([once(response, 'close'), dashboard.stop()])
  })

  it('is let go when there are no figures, and the relay goes on', async () => {
    const { operator, dashboard, faults } = await show()
    const { response } = await watch(`${dashboard.url}/live`)
    response.resume()
    operator.fail(new Error('the disk is gone'))
    await once(response, 'close')
    assert.equal(faults[0]?.message, 'the disk is gone')
    const { status, body } = await get(`${dashboard.url}/live`)
    assert.equal(status, 500)
    assert.doesNotMatch(body, /the disk is gone/)
    operator.show(sampleStats())
    assert.equal((await get(`${dashboard.url}/`)).status, 200)
    await dashboard.stop()
  })

  it('is one of few: the next is refused', async () => {
    const { dashboard } = await show()
    const watching = []
    for (let count = 0; count < 32; count += 1) watching.push(await watch(`${dashboard.url}/live`))
    assert.equal((await get(`${dashboard.url}/live`)).status, 403)
    for (const { outgoing } of watching) outgoing.destroy()
    await dashboard.stop()
  })
})

interface LiveEvent { readonly atMs: number, readonly parts: Readonly<Record<string, string>> }

async function watch (url: string): Promise<{ readonly response: IncomingMessage, readonly outgoing: ReturnType<typeof request> }> {
  const outgoing = request(url, { agent: false })
  outgoing.on('error', () => undefined)
  outgoing.end()
  const [response] = await once(outgoing, 'response') as [IncomingMessage]
  response.on('error', () => undefined)
  assert.equal(response.headers['content-type'], 'text/event-stream')
  return { response, outgoing }
}

async function * eventsOf (response: IncomingMessage): AsyncGenerator<LiveEvent> {
  let rest = ''
  for await (const chunk of response as AsyncIterable<Buffer>) {
    rest += chunk.toString('utf8')
    const events = rest.split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      if (event.startsWith('data: ')) yield JSON.parse(event.slice('data: '.length)) as LiveEvent
    }
  }
}

async function next (events: AsyncGenerator<LiveEvent>): Promise<LiveEvent> {
  const { value } = await events.next() as { readonly value: LiveEvent | undefined }
  return value ?? assert.fail('the stream ended')
}
