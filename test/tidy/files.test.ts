/** House rules of STYLE.md that no linter knows. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { isGenerated, readSources, type Source } from './sources.ts'

const LINES_MAX = 400

/** Names that say nothing about what is inside, and barrels. */
const EMPTY_NAMES = /^(index|utils?|helpers?|managers?|services?|common|misc|data|info|process)\b/

interface Rule { readonly name: string, readonly pattern: RegExp, readonly files: RegExp }

const CODE = /\.(ts|js|cjs|sql|proto)$/
const PRODUCT = /^(protocols|store|node|cli|web|bin|scripts)\//
const TEST = /\.(test|fuzz)\.ts$/

/** No pattern contains what it looks for as it stands there, or this file would be its first offender. */
const RULES: readonly Rule[] = [
  { name: 'a path of one machine', pattern: /(?<![\w.])\/(root|work|home\/(?!ana\b|bob\b)[a-z]+|Users\/[A-Za-z]+)\//, files: /./ },
  { name: 'a debt that names no issue', pattern: /\b(TO[D]O(?!\(#\d+\))|FIX[M]E|XX[X]\b)/, files: CODE },
  { name: 'a concession to the past that names no end', pattern: /\bCOMPA[T](?!\(until )/, files: CODE },
  { name: 'a rule switched off without a reason: -- why', pattern: /eslint-disabl[e](?!.* -- \S)/, files: CODE },
  { name: 'a type error hidden', pattern: /@ts-(ignor[e]|nochec[k])/, files: CODE },
  { name: 'a re-exported file', pattern: /^export \* fro[m]/m, files: CODE },
  { name: 'an unfinished piece', pattern: /not implemente[d]/i, files: PRODUCT },
  { name: 'a test singled out', pattern: /\b(describe|it|test|context)\.onl[y]\(/, files: TEST },
  { name: 'a test switched off without a printed reason (test/skip.ts)', pattern: /\b(describe|it|test|this)\.ski[p]\(|\bx(it|describe)\(/, files: TEST }
]

describe('the files', () => {
  const sources = readSources('*.ts', '*.js', '*.cjs', '*.sql', '*.proto', '*.md', '*.json', '*.yaml', '.ci/*', ':!package-lock.json')
    .filter(source => !isGenerated(source.path))
  const code = sources.filter(source => CODE.test(source.path))

  it(`are one thing each: no more than ${LINES_MAX} lines`, () => {
    assert.deepEqual(code.filter(source => lineCount(source) > LINES_MAX).map(source => `${source.path}: ${lineCount(source)} lines`), [])
  })

  it('have names that say what is inside', () => {
    assert.deepEqual(code.map(source => source.path).filter(file => EMPTY_NAMES.test(path.basename(file))), [])
  })

  it('begin by saying what they are', () => {
    const silent = code.filter(source => !TEST.test(source.path) && !/^(#!.*\n)?(\/\*\*|\/\/|--) ?/.test(source.text))
    assert.deepEqual(silent.map(source => source.path), [])
  })

  for (const rule of RULES) {
    it(`hold nowhere ${rule.name}`, () => {
      assert.deepEqual(sources.filter(source => rule.files.test(source.path)).flatMap(source => offences(source, rule)), [])
    })
  }
})

function lineCount (source: Source): number {
  return source.text.split('\n').length - 1
}

function offences (source: Source, rule: Rule): readonly string[] {
  return source.text.split('\n').flatMap((line, index) => rule.pattern.test(line) ? [`${source.path}:${index + 1} ${line.trim()}`] : [])
}
