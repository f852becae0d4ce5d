/** `skein testnet report` and `dash` on a testnet that runs, and a loss that was one: each figure is of real processes. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { layoutOf } from '../../testnet/layout.ts'
import { planOf } from '../../testnet/plan.ts'
import { judge } from '../../testnet/prove/checker.ts'
import { conversationsOf } from '../../testnet/prove/histories.ts'
import { Ledger } from '../../testnet/prove/talk.ts'
import { documentOf } from '../../testnet/report/document.ts'
import { promisesOf } from '../../testnet/report/expectations.ts'
import type { RunRecord } from '../../testnet/report/record.ts'
import { Recorder } from '../../testnet/report/recorder.ts'
import { Disturbances } from '../../testnet/scenario/disturbances.ts'
import { Testnet } from '../../testnet/testnet.ts'
import { findBrowser, startBrowser } from '../browser.ts'
import { get } from '../node/relay/http/fixture.ts'
import { changeUntil, FAINT, STICKING_OUT } from '../page-checks.ts'
import { skip } from '../skip.ts'
import { dataOf, environment, faultOf, LAUNCHER, makeFolder, removeFolder, skein } from './skein.ts'

interface ReportView { readonly page: string, readonly record: RunRecord }

/** What a failed test has left. */
const started = new Set<Dash>()

class Dash {
  readonly url: string
  readonly #child: ReturnType<typeof spawn>

  static async start (directory: string): Promise<Dash> {
    const child = spawn(process.execPath, [LAUNCHER, 'testnet', 'dash', '--dir', directory, '--json'], { env: environment(), stdio: ['ignore', 'pipe', 'ignore'] })
    const [line] = await once(createInterface({ input: child.stdout }), 'line') as [string]
    const { data } = JSON.parse(line) as { readonly data: { readonly url: string } }
    return new Dash(data.url, child)
  }

  private constructor (url: string, child: ReturnType<typeof spawn>) {
    this.url = url
    this.#child = child
    started.add(this)
  }

  /** Its exit code. */
  async end (): Promise<unknown> {
    const ended = once(this.#child, 'exit')
    started.delete(this)
    this.#child.kill('SIGINT')
    return (await ended)[0]
  }
}

describe('a testnet that is looked at', function () {
  this.timeout(180_000)
  let folder = ''
  let directory = ''
  const testnet = async <Data>(...args: readonly string[]): Promise<Data> => await dataOf<Data>(['testnet', ...args, '--dir', directory])
  before(async () => {
    folder = await makeFolder()
    directory = join(folder, 'net')
    await testnet('up', '--users', '2', '--relays', '1')
  })
  after(async () => {
    await skein(['testnet', 'down', '--dir', directory])
    await removeFolder(folder)
  })
  afterEach(async () => {
    for (const dash of started) await dash.end()
    for (const name of ['relay1', 'ana', 'bob']) await testnet('start', name)
    await testnet('heal')
  })

  it('is a page about what there is now: who is down, what is cut, what relays store', async () => {
    await testnet('crash', 'bob')
    await testnet('partition', 'ana', 'bob')
    const { page, record } = await testnet<ReportView>('report')
    assert.equal(page, join(directory, 'report.html'))
    assert.deepEqual(record.nodes.map(({ name, state }) => [name, state]), [['relay1', 'up'], ['ana', 'up'], ['bob', 'down']])
    assert.deepEqual(record.faults.map(({ kind, whom, from, endMs }) => [kind, whom, from, endMs]), [['killed', ['bob'], [], null], ['cut', ['ana'], ['bob'], null]])
    assert.deepEqual(record.nodes.find(({ name }) => name === 'ana')?.relays, ['relay1'])
    assert.ok((record.relays[0]?.usedBytes.values.at(-1) ?? 0) > 0)
    const html = readFileSync(page, 'utf8')
    for (const text of ['bob is down', 'ana cut off from bob', '2 users, 1 relay']) assert.ok(html.includes(text), text)
  })

  it('tells a process that died from one that was killed on purpose', async () => {
    const { nodes } = await testnet<{ readonly nodes: ReadonlyArray<{ readonly name: string, readonly pid: number }> }>('ps')
    process.kill(nodes.find(({ name }) => name === 'relay1')?.pid ?? 0, 'SIGKILL')
    let record: RunRecord
    do ({ record } = await testnet<ReportView>('report'))
    while (record.nodes.find(({ name }) => name === 'relay1')?.state === 'up')
    assert.deepEqual(record.faults.filter(({ kind }) => kind === 'died').map(({ whom }) => whom), [['relay1']])
  })

  it('is served to browsers of this computer only, and for reading', async () => {
    const dash = await Dash.start(directory)
    const { port } = new URL(dash.url)
    const { status, body, headers } = await get(dash.url)
    assert.deepEqual([status, body.includes('Everybody is up')], [200, true])
    assert.match(String(headers['content-security-policy']), /^default-src 'none'/)
    for (const [, file = ''] of body.matchAll(/(?:src|href)="([^"#]*)"/g)) assert.equal((await get(`http://127.0.0.1:${port}${file}`)).status, 200, file)
    for (const host of ['evil.example', `evil.example:${port}`, `127.0.0.1:${Number(port) + 1}`]) {
      const refused = await get(`${dash.url}record.json`, { host })
      assert.deepEqual([refused.status, refused.body.includes('nodes')], [403, false], host)
    }
    assert.equal((await get(`${dash.url}record.json`, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' })).status, 403)
    assert.equal((await get(dash.url, {}, 'POST')).status, 405)
    assert.equal((await get(`${dash.url}etc/passwd`)).status, 404)
    assert.equal((await faultOf(2, ['testnet', 'dash', '--dir', directory, '--port', port])).message, `port ${port} is taken`)
    assert.equal(await dash.end(), 0)
    assert.equal((await faultOf(8, ['testnet', 'dash', '--dir', join(folder, 'none')])).message, 'no testnet runs here')
    assert.match((await faultOf(5, ['testnet', 'report', '--dir', join(folder, 'none')])).message, /there is no record in/)
  })

  it('changes in the browser while somebody breaks it, and says when it is gone', async function () {
    const path = findBrowser()
    if (path === undefined) skip(this, 'no Chromium is installed (CHROMIUM may name one)')
    const dash = await Dash.start(directory)
    const browser = await startBrowser(path)
    try {
      const page = await browser.open({ width: 1_360, height: 1_000, scheme: 'dark' })
      await page.go(dash.url)
      assert.match(await page.evaluate<string>("document.getElementById('verdict').textContent"), /Everybody is up/)
      await testnet('crash', 'bob')
      await page.evaluate(changeUntil("document.getElementById('verdict').textContent.includes('bob is down') && document.getElementById('nodes').textContent.includes('down') && document.querySelector('#timeline .fault.killed') !== null"))
      await page.evaluate(changeUntil("document.getElementById('age').textContent.startsWith('Figures are')"))
      assert.deepEqual([await page.evaluate(STICKING_OUT), await page.evaluate(FAINT)], [[], []])
      await testnet('start', 'bob')
      await page.evaluate(changeUntil("document.getElementById('verdict').textContent.includes('Everybody is up')"))
      await testnet('down')
      await page.evaluate(changeUntil("document.getElementById('state').textContent === 'The testnet is gone' && /Figures are [1-9]\\d* s old/.test(document.getElementById('age').textContent)"))
      await testnet('up')
      await page.evaluate(changeUntil("document.getElementById('state').textContent === 'Live'"))
      assert.deepEqual(page.requests.filter(request => !request.startsWith(dash.url)), [])
      assert.deepEqual(page.complaints, [])
    } finally {
      await browser.stop()
    }
  })
})

describe('a loss', function () {
  this.timeout(120_000)

  it('stands in the record with what its sender knows of it', async () => {
    const folder = await makeFolder()
    const testnet = await Testnet.up({ layout: layoutOf(join(folder, 'net')), plan: planOf({ users: 2, relays: 0 }), interrupted: new AbortController().signal, tell: () => undefined })
    try {
      const ledger = new Ledger()
      const recorder = new Recorder(testnet, { kind: 'scenario', name: 'too early', seed: 1, replay: null, sentCount: () => ledger.count })
      testnet.partition(['ana'], ['bob'])
      const atMs = Date.now()
      const { id } = await testnet.member('ana').api.call('send', { to: 'bob', text: 'never' })
      ledger.note({ from: 'ana', to: 'bob', id, atMs })
      // Judged while it is on its way: it is not there.
      const conversations = await conversationsOf(testnet.members, ledger)
      const verdict = judge(conversations)
      const record = await recorder.end({ conversations, ledger, verdict, settleMs: 0, disturbances: new Disturbances(), wrongClocks: new Disturbances(), expectations: promisesOf(verdict) })
      assert.deepEqual(record.losses.map(({ id: which, from, to, missingAt }) => [which, from, to, missingAt]), [[id, 'ana', 'bob', 'bob']])
      assert.match(record.losses[0]?.headline ?? '', /safe/)
      assert.ok(record.losses[0]?.steps.some(({ text }) => text === 'saved on this computer'))
      assert.equal(record.backlog.series.values.at(-1), 1)
      const html = documentOf(record)
      for (const text of ['1 of 1 message was lost', 'Its sender still has it; missing at bob.', id, 'saved on this computer']) assert.ok(html.includes(text), text)
    } finally {
      await testnet.down()
      await removeFolder(folder)
    }
  })
})
