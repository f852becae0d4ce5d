/** The report as a file, and as a browser shows it. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MalformedError } from '../../../protocols/core/errors.ts'
import { documentOf } from '../../../testnet/report/document.ts'
import { decodeRecord, encodeRecord } from '../../../testnet/report/record.ts'
import { verdictOf } from '../../../testnet/report/verdict.ts'
import { findBrowser, startBrowser, type Browser, type BrowserPage, type PageOptions } from '../../browser.ts'
import { AXE_FINDINGS, axeScript, FAINT, STICKING_OUT } from '../../page-checks.ts'
import { skip } from '../../skip.ts'
import { hardRecords } from './hard.ts'
import { emptyRecord, lossyRecord } from './sample.ts'

const RECORDS = { lossy: lossyRecord(), ...hardRecords() }

describe('a record', () => {
  it('is the same after it was written down', () => {
    for (const record of Object.values(RECORDS)) assert.deepEqual(decodeRecord(encodeRecord(record)), record)
  })

  it('is refused when it is none, or of another version', () => {
    for (const text of ['', '{}', 'null', '[]', encodeRecord(emptyRecord()).replace('"version":1', '"version":2'), encodeRecord(emptyRecord()).replace('"losses":[]', '"losses":{}')]) {
      assert.throws(() => decodeRecord(text), (error: unknown) => error instanceof MalformedError, text)
    }
  })

  it('of a million messages in hours of trouble is a file that can be sent', () => {
    assert.ok(encodeRecord(RECORDS.many).length < 1_000_000)
    assert.ok(documentOf(RECORDS.many).length < 2_000_000)
  })
})

describe('the verdict on a run', () => {
  it('says what was lost, and first what is safe', () => {
    assert.deepEqual(verdictOf(RECORDS.lossy), { tone: 'danger', title: '2 of 10,000 messages were lost', more: 'Their senders still have them; missing at user42, user17. No duplicate, nothing out of order.' })
  })

  it('is calm where everything arrived, and says nothing where nothing was said', () => {
    assert.deepEqual(verdictOf(RECORDS.many), { tone: 'calm', title: '1,000,000 messages, none lost', more: 'No duplicate, nothing out of order. Everything had arrived 22 s after the end of talk and faults.' })
    assert.equal(verdictOf(RECORDS.empty).title, 'No message was sent')
  })

  it('names duplicates, another order and what was expected in vain', () => {
    const { tone, title, more } = verdictOf(RECORDS.twice)
    assert.deepEqual([tone, title], ['danger', '1 message shown twice'])
    assert.match(more, /1 conversation in another order/)
    const late = verdictOf(lossyRecord({ messages: { sent: 5, lost: 0, duplicated: 0, reordered: 0 }, losses: [], expectations: [{ text: 'p99(delivery) < 1s', holds: false, seen: '1.8 s', limitMs: 1_000 }] }))
    assert.deepEqual([late.tone, late.title], ['danger', 'Expected p99(delivery) < 1s, saw 1.8 s'])
  })

  it('of a network that goes on is its state', () => {
    assert.deepEqual(verdictOf(RECORDS.network), { tone: 'warn', title: '2 of 6 nodes are not up', more: '64 deliveries are open. Broken: bob killed; ana cut off from relay1, bob; carol stands still.' })
    assert.equal(verdictOf(RECORDS.running).title, '1,204 messages so far')
  })
})

describe('the page of a report', () => {
  it('asks for nothing, runs nothing, and has no style but the one that its policy names', () => {
    for (const record of Object.values(RECORDS)) {
      const html = documentOf(record)
      assert.doesNotMatch(html, /<script|\son\w+="|style="|<iframe|<img|@import|url\((?!#)/)
      for (const [, target = ''] of html.matchAll(/(?:src|href)="([^"]*)"/g)) assert.match(target, /^data:(application\/json|image\/svg\+xml);base64,/)
      const [, style = ''] = /<style>([^]*)<\/style>/.exec(html) ?? []
      assert.ok(html.includes(`content="default-src &#39;none&#39;; style-src &#39;sha256-${createHash('sha256').update(style).digest('base64')}&#39;;`))
    }
  })

  it('holds the record that it was made of', () => {
    const [, base64 = ''] = /href="data:application\/json;base64,([^"]*)"/.exec(documentOf(RECORDS.lossy)) ?? []
    assert.deepEqual(decodeRecord(Buffer.from(base64, 'base64').toString()), RECORDS.lossy)
  })

  it('says what happened, each loss with its trace', () => {
    const html = documentOf(RECORDS.lossy)
    for (const text of ['2 of 10,000 messages were lost', 'skein testnet run lost-relay.yaml --from 7741', '2 h of network time in 41 s', '4 of 5 held', '01M8JD8Q7741A3ZV6PXT5G0HKE', 'relay4 keeps a copy until', '2 of 3', '1 disk lost, 1 cut, 1 wrong clock, 3 slow lines']) assert.ok(html.includes(text), text)
  })

  it('shows text as text, and unknown as unknown', () => {
    assert.match(documentOf(RECORDS.twice), /&#60;b&#62;12&#60;\/b&#62; from ana/)
    assert.match(documentOf(RECORDS.long), /most \? \/s/)
    for (const record of Object.values(RECORDS)) assert.doesNotMatch(documentOf(record), /NaN|Infinity|undefined|\[object/)
  })
})

describe('the report in a browser', function () {
  this.timeout(180_000)
  let browser: Browser
  let folder = ''
  before(async function () {
    const path = findBrowser()
    if (path === undefined) skip(this, 'no Chromium is installed (CHROMIUM may name one)')
    browser = await startBrowser(path)
    folder = await mkdtemp(join(tmpdir(), 'skein-report-'))
    for (const [name, record] of Object.entries(RECORDS)) await writeFile(join(folder, `${name}.html`), documentOf(record))
  })
  after(async () => {
    await browser.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const visit = async (name: string, options: Partial<PageOptions> = {}): Promise<BrowserPage> => {
    const page = await browser.open({ width: 1_360, height: 1_000, ...options })
    await page.go(pathToFileURL(join(folder, `${name}.html`)).href)
    return page
  }

  it('is shown from a disk, asks for no other file, and breaks none of its own rules', async () => {
    for (const name of Object.keys(RECORDS)) {
      const page = await visit(name)
      assert.deepEqual(page.requests.filter(request => !request.startsWith('data:') && !request.endsWith(`/${name}.html`)), [])
      assert.deepEqual(page.complaints, [])
      // A style that the policy refuses is no complaint of every browser.
      assert.equal(await page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius"), '14px')
    }
  })

  it('opens the numbers of a chart and the trace of a loss without a script', async () => {
    const page = await visit('lossy', { hasScripts: true })
    await page.evaluate("for (const summary of document.querySelectorAll('summary')) summary.click()")
    assert.equal(await page.evaluate("document.querySelector('#delivery-numbers table').checkVisibility()"), true)
    assert.equal(await page.evaluate("document.querySelector('.trace li').checkVisibility()"), true)
  })

  for (const scheme of ['light', 'dark'] as const) {
    for (const width of [320, 800, 1_360]) {
      it(`fits ${width} pixels and can be read, ${scheme}`, async () => {
        for (const name of Object.keys(RECORDS)) {
          const page = await visit(name, { width, scheme })
          assert.deepEqual(await page.evaluate(STICKING_OUT), [], name)
          assert.deepEqual(await page.evaluate(FAINT), [], name)
        }
      })
    }
  }

  it('has nothing that axe-core finds serious, in both themes and on a phone', async function () {
    const axe = axeScript()
    if (axe === undefined) skip(this, 'AXE_CORE names no axe.min.js')
    for (const name of Object.keys(RECORDS)) {
      for (const [scheme, width] of [['light', 1_360], ['dark', 1_360], ['light', 320]] as const) {
        const page = await visit(name, { width, scheme })
        await page.evaluate(axe)
        assert.deepEqual(await page.evaluate(AXE_FINDINGS), [], `${name} ${scheme} ${width}`)
      }
    }
  })
})
