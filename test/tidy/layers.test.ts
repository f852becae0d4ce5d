/** The layers of ARCHITECTURE.md, as .dependency-cruiser.cjs states them. */
import assert from 'node:assert/strict'
import { CODE_FOLDERS, listFiles } from './sources.ts'
import { run } from './tool.ts'

interface Cruise {
  readonly modules: ReadonlyArray<{ readonly source: string }>
  readonly summary: { readonly violations: ReadonlyArray<{ readonly from: string, readonly to: string, readonly rule: { readonly name: string } }> }
}

describe('the layers', () => {
  let cruise: Cruise
  before(async () => {
    const { stdout, stderr } = await run('depcruise', '--output-type', 'json', ...CODE_FOLDERS)
    assert.notEqual(stdout, '', stderr)
    cruise = JSON.parse(stdout) as Cruise
  })

  it('import downwards only, and foreign libraries only through their door', () => {
    assert.deepEqual(cruise.summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`), [])
  })

  it('were checked in every source file', () => {
    // Without the TypeScript that it can use, the cruiser reads nothing and finds nothing wrong.
    const cruised = new Set(cruise.modules.map(module => module.source))
    assert.deepEqual(listFiles(...CODE_FOLDERS.map(folder => `${folder}/**/*.ts`)).filter(file => !cruised.has(file)), [])
  })
})
