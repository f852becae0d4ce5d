/** The static checks: types, style, dead code. */
import { assertClean } from './tool.ts'

describe('the code', () => {
  it('has no type errors', () => assertClean('tsc', '-p', 'tsconfig.json'))

  it('follows the linter', async function () {
    this.timeout(240_000)
    await assertClean('eslint', '.', '--max-warnings', '0')
  })

  it('holds nothing that nobody uses', () => assertClean('knip'))
})
