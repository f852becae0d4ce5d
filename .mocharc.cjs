/** How the tests run, whoever starts them: `npm test`, `npx mocha <file>`, an editor. */

if (Number(process.versions.node.split('.')[0]) < 24) {
  throw new Error(`the tests need Node.js 24 and this is ${process.versions.node}: start them with npm test or npx mocha, after npm ci has brought the package "node"`)
}

module.exports = {
  extension: ['ts'],
  reporter: './test/reporter.ts',
  // Machines are shared: only what hangs fails by time. What takes longer says so itself.
  timeout: 120_000,
  slow: 5_000,
  'fail-zero': true
}
