import assert from 'node:assert/strict'
import { countText, latencyText, parseSize, sizeText, spanText } from '../../../protocols/core/quantity.ts'

describe('words for figures', () => {
  it('have a unit behind a space and a comma in thousands', () => {
    assert.deepEqual([countText(0), countText(999), countText(41_006_118)], ['0', '999', '41,006,118'])
    assert.deepEqual([0, 999, 96_000, 18.2e6, 999.6e6, 25e9, 2e15].map(sizeText), ['0 B', '999 B', '96 kB', '18.2 MB', '1.0 GB', '25.0 GB', '2000.0 TB'])
    assert.deepEqual([0, 59_999, 60_000, 3_600_000, 26 * 3_600_000, -5].map(ms => spanText(ms)), ['0 s', '59 s', '1 min', '1 h', '1 d', '0 s'])
    assert.deepEqual([spanText(12 * 24 * 3_600_000 + 4 * 3_600_000, { isExact: true }), spanText(3_600_000, { isExact: true })], ['12 d 4 h', '1 h'])
    assert.deepEqual([3.14, 412.4, 1_234].map(latencyText), ['3.1 ms', '412 ms', '1.2 s'])
  })
})

describe('sizes as people type them', () => {
  it('are powers of ten, or of two with an i, and nothing else', () => {
    assert.deepEqual(['0', '500MB', '1.5 GiB', '32MiB', '10 B'].map(parseSize), [0, 500_000_000, 1.5 * 2 ** 30, 32 * 2 ** 20, 10])
    for (const wrong of ['', '5', '-1MB', '1mb', 'MB', '1 M B', '1e3MB']) assert.equal(parseSize(wrong), undefined, wrong)
  })
})
