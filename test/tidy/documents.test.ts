/** What the documents promise must be there: files they point to, exit codes, the five places of a protocol. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { EXIT } from '../../protocols/core/errors.ts'
import { listFiles, readSources, readText, type Source } from './sources.ts'
import { ROOT } from './tool.ts'

describe('the documents', () => {
  const documents = readSources('*.md')

  it('link to what exists', () => {
    assert.deepEqual(documents.flatMap(document => links(document).filter(link => !resolves(document, link)).map(link => `${document.path}: ${link}`)), [])
  })

  it('name files that exist', () => {
    // ARCHITECTURE.md is a map: every path in it is a place.
    const paths = [...readText('ARCHITECTURE.md').matchAll(/`([\w.-]+(?:\/[\w.{},*-]+)+\/?|[\w-]+\/)`/g)].map(match => match[1] ?? '')
    const files = listFiles()
    assert.ok(paths.length > 0)
    assert.deepEqual(paths.flatMap(expand).filter(place => !files.some(file => file === place || (place.endsWith('/') && file.startsWith(place)))), [])
  })

  it('explain every exit code in the README, and no other', () => {
    const explained = [...readText('README.md').matchAll(/^\| (\d+) \|/gm)].map(match => Number(match[1]))
    assert.deepEqual(explained, Object.values(EXIT).toSorted((left, right) => left - right))
  })

  it('list every decision once, in order', () => {
    const decisions = readdirSync(path.join(ROOT, 'docs/decisions')).toSorted()
    const listed = [...readText('docs/README.md').matchAll(/\(decisions\/([\w-]+\.md)\)/g)].map(match => match[1])
    assert.deepEqual(listed, decisions)
    assert.equal(new Set(decisions.map(file => file.slice(0, 4))).size, decisions.length, 'two decisions have one number')
  })

  it('know the version that package.json has', () => {
    const { version } = JSON.parse(readText('package.json')) as { readonly version: string }
    assert.match(readText('CHANGELOG.md'), new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\]`, 'm'))
  })
})

describe('a protocol', () => {
  const names = readdirSync(path.join(ROOT, 'protocols'), { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name)
    .filter(name => name !== 'core')

  for (const name of names) {
    it(`has one name in all its places: ${name}`, () => {
      const places = [
        { what: 'spec', isThere: listFiles(`docs/protocols/${lawOf(name)}.md`).length > 0 },
        { what: 'row in protocols/README.md', isThere: readText('protocols/README.md').includes(`docs/protocols/${lawOf(name)}.md`) },
        { what: 'tests', isThere: listFiles(`test/protocols/${name}.test.ts`, `test/protocols/${name}/*.test.ts`).length > 0 },
        { what: 'vectors', isThere: listFiles(`protocols/${name}/*.proto`).length === 0 || listFiles(`test/vectors/${name}.json`).length > 0 },
        { what: 'handler', isThere: !isServed(name) || listFiles(`node/handlers/${name}.ts`, `node/relay/${name}.ts`, `node/relay/${name}es.ts`).length > 0 }
      ]
      assert.deepEqual(places.filter(place => !place.isThere).map(place => place.what), [])
    })
  }
})

/** The bytes of paths are libp2p's for the most part: what is done with them stands where connections do. */
function lawOf (protocol: string): string { return protocol === 'paths' ? 'transport' : protocol }

/** A protocol that peers speak has an id; the others are formats that travel inside. */
function isServed (name: string): boolean {
  return readSources(`protocols/${name}/*.ts`, 'node/protocols.ts').some(source => source.text.includes(`'/skein/${name}/`))
}

/** Targets of links and images, without those to the web. */
function links (document: Source): readonly string[] {
  const prose = document.text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(match => match[1] ?? '').filter(link => !/^[a-z][a-z+.-]*:/.test(link))
}

function resolves (document: Source, link: string): boolean {
  const [target = '', anchor] = link.split('#')
  const file = target === '' ? document.path : path.posix.join(path.posix.dirname(document.path), target)
  if (!existsSync(path.join(ROOT, file))) return false
  return anchor === undefined || !file.endsWith('.md') || headings(file).has(anchor)
}

/** Anchors as forges make them: lower case, words joined by hyphens, punctuation dropped. */
function headings (file: string): ReadonlySet<string> {
  return new Set([...readText(file).matchAll(/^#+ (.+)$/gm)].map(match => (match[1] ?? '').toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')))
}

/** `a/{b,c}.ts` → `a/b.ts`, `a/c.ts`: the maps write brothers so. */
function expand (file: string): readonly string[] {
  const [, before, choices, after] = /^(.*)\{(.*)\}(.*)$/.exec(file) ?? []
  if (choices === undefined) return [file]
  return choices.split(',').map(choice => `${before ?? ''}${choice}${after ?? ''}`)
}
