/** The dashboard as a browser shows it. Without one these tests say so and are skipped. */
import assert from 'node:assert/strict'
import { findBrowser, startBrowser, type Browser, type BrowserPage, type PageOptions } from '../../../browser.ts'
import { changeUntil, FAINT, STICKING_OUT } from '../../../page-checks.ts'
import { skip } from '../../../skip.ts'
import { show, type Shown } from './fixture.ts'
import { emptyStats, sampleOperator, sampleStats } from './sample.ts'

const HARD = sampleStats({
  closed: ['cap', 'storage'],
  trouble: ['The disk refuses writes: no space is left. What was acknowledged is safe.'],
  disk: { usedBytes: 24e9, capBytes: 25e9, freeBytes: 0, availableBytes: 0 }
})

describe('the dashboard in a browser', function () {
  this.timeout(120_000)
  let browser: Browser
  let open: Shown[] = []
  before(async function () {
    const path = findBrowser()
    if (path === undefined) skip(this, 'no Chromium is installed (CHROMIUM may name one)')
    browser = await startBrowser(path)
  })
  after(async () => { await browser.stop() })
  afterEach(async () => {
    for (const { dashboard } of open) await dashboard.stop()
    open = []
  })

  const visit = async (stats: Parameters<typeof sampleOperator>[0], options: Partial<PageOptions> = {}): Promise<{ readonly page: BrowserPage, readonly shown: Shown }> => {
    const shown = await show(sampleOperator(stats))
    open.push(shown)
    const page = await browser.open({ width: 1_360, height: 1_000, ...options })
    await page.go(`${shown.dashboard.url}/`)
    return { page, shown }
  }

  it('asks its own relay only, and breaks none of its own rules', async () => {
    const { page, shown } = await visit(HARD)
    await page.evaluate(changeUntil("document.getElementById('age').textContent.startsWith('Figures are')"))
    assert.deepEqual(page.requests.filter(request => !request.startsWith(`${shown.dashboard.url}/`)), [])
    assert.deepEqual(page.complaints, [])
  })

  it('shows its figures without scripts', async () => {
    const { page } = await visit(sampleStats(), { hasScripts: false })
    // Without scripts nothing can be evaluated in the page either: what it shows is seen from outside.
    const shot = await page.screenshot()
    assert.ok(shot.byteLength > 50_000)
    assert.equal(page.requests.some(request => request.endsWith('/live')), false)
  })

  for (const scheme of ['light', 'dark'] as const) {
    for (const width of [320, 800, 1_360]) {
      it(`fits ${width} pixels and can be read, ${scheme}`, async () => {
        for (const stats of [sampleStats(), emptyStats(), HARD]) {
          const { page } = await visit(stats, { width, scheme })
          assert.deepEqual(await page.evaluate(STICKING_OUT), [])
          assert.deepEqual(await page.evaluate(FAINT), [])
        }
      })
    }
  }

  it('changes in place: what is open stays open, and the focus stays', async () => {
    const { page, shown } = await visit(sampleStats())
    await page.evaluate("document.getElementById('rate-numbers').open = true; document.querySelector('#rate-numbers summary').focus()")
    const { held, quarters } = sampleStats()
    shown.operator.show(sampleStats({ held: { ...held, mailboxes: 8_215 }, quarters: quarters.slice(1) }))
    assert.ok(await page.evaluate(changeUntil("document.getElementById('mailboxes').textContent.includes('8,215')")))
    assert.equal(await page.evaluate("document.getElementById('rate-numbers').open"), true)
    assert.equal(await page.evaluate("document.activeElement.closest('details')?.id"), 'rate-numbers')
  })

  it('says how old its figures are when the relay is gone', async () => {
    const { page, shown } = await visit(sampleStats())
    await page.evaluate(changeUntil("document.getElementById('age').textContent.startsWith('Figures are')"))
    await shown.dashboard.stop()
    assert.ok(await page.evaluate(changeUntil("/The relay does not answer. Figures are \\d+ s old/.test(document.getElementById('age').textContent)")))
  })
})
