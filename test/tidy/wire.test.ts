/** The wire schemas: well formed, compatible with what is in use, and the generated code made from them. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isGenerated, listFiles, readText } from './sources.ts'
import { assertClean } from './tool.ts'

describe('the wire schemas', () => {
  it('follow the rules of buf', () => assertClean('buf', 'lint'))

  it('still read and write what the released schemas did', () => {
    // A break is a new major version of the protocol. At a release: npm run release:wire.
    return assertClean('buf', 'breaking', '--against', 'protocols/released.json')
  })

  it('are what the generated code was generated from', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'skein-generate-'))
    try {
      await assertClean('buf', 'generate', '--output', folder)
      const generated = listFiles('protocols/**/*.ts').filter(isGenerated)
      assert.equal(generated.length, listFiles('protocols/**/*.proto').length)
      for (const file of generated) {
        assert.equal(readText(file), await readFile(path.join(folder, file), 'utf8'), `${file} is stale: npm run generate`)
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
