/** What a linter can see of STYLE.md; what it cannot is in test/tidy/. */
import neostandard from 'neostandard'
import tseslint from 'typescript-eslint'

const NO_CLOCK = [
  { object: 'Date', property: 'now', message: 'Take a Clock.' },
  { object: 'performance', property: 'now', message: 'Take a Clock.' },
  { object: 'AbortSignal', property: 'timeout', message: 'Take a Clock.' },
  { object: 'Math', property: 'random', message: 'Take a Random.' }
]
const NO_TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'crypto']
/** The machine below: a decision that reads it is no longer a function of its arguments. */
const NO_MACHINE = ['process', 'Buffer', 'console', 'performance', 'navigator']
const NO_NOW = { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Take a Clock.' }

export default [
  { ignores: ['**/*_pb.ts', 'dist/**'] },
  ...neostandard({ ts: true, noJsx: true }),
  ...tseslint.configs.strictTypeChecked.map(config => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 3],
      'max-depth': ['error', 3],
      'no-void': ['error', { allowAsStatement: true }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true } }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }]
    }
  },
  {
    // Time, chance and the outside come through the ports only; these are the doors.
    files: ['protocols/**/*.ts', 'store/**/*.ts', 'node/**/*.ts'],
    ignores: ['node/world.ts', 'node/net/**', 'store/vault.ts'],
    rules: {
      'no-restricted-properties': ['error', ...NO_CLOCK],
      'no-restricted-globals': ['error', ...NO_TIMERS],
      'no-restricted-syntax': ['error', NO_NOW]
    }
  },
  {
    files: ['protocols/**/*.ts'],
    rules: { 'no-restricted-globals': ['error', ...NO_TIMERS, ...NO_MACHINE] }
  },
  {
    // A describe() holds a whole suite; assertions read as expressions.
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-unused-expressions': 'off' }
  },
  {
    // mocha takes a reporter as the default export, and as nothing else.
    files: ['test/reporter.ts'],
    rules: { 'no-restricted-exports': 'off' }
  }
]
