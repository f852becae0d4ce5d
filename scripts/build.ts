/**
 * Makes `dist/`, the part of the package that runs: Node strips types in the repository, but not below `node_modules`, so
 * what is installed must be JavaScript. The layout of the sources is kept, so that paths relative to a file stay true.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const ROOT = path.dirname(import.meta.dirname)
const OUT = path.join(ROOT, 'dist')
/** What the program reads at run time and no compiler copies. */
const ASSETS = ['store/migrations/*.sql', 'store/relay/migrations/*.sql', 'web/page/*.*', 'testnet/scenarios/*.yaml', 'testnet/**/*.py']

rmSync(OUT, { recursive: true, force: true })
const compiler = createRequire(import.meta.url).resolve('typescript7/package.json')
const { status } = spawnSync(process.execPath, [path.join(path.dirname(compiler), 'bin/tsc'), '-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' })
// It has said why.
if (status !== 0) process.exit(1)
for (const asset of ASSETS.flatMap(pattern => globSync(pattern, { cwd: ROOT }))) {
  const target = path.join(OUT, asset)
  mkdirSync(path.dirname(target), { recursive: true })
  copyFileSync(path.join(ROOT, asset), target)
}
writeFileSync(path.join(OUT, 'package.json'), manifest())

/** `../package.json`, seen from any folder of the sources, tells the version; in `dist/` it must, too. */
function manifest (): string {
  const { name, version, type } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>
  return JSON.stringify({ name, version, type }, undefined, 2) + '\n'
}
