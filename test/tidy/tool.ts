/** Running a development tool as a test: its exit code is the verdict, its output the message of the failure. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import path from 'node:path'

export const ROOT = path.dirname(path.dirname(import.meta.dirname))

/** The executables, below node_modules. TypeScript 6 is for the linters, which cannot use 7 yet; 7 checks the types. */
const EXECUTABLES = {
  buf: '@bufbuild/buf/bin/buf',
  depcruise: 'dependency-cruiser/bin/dependency-cruiser.mjs',
  eslint: 'eslint/bin/eslint.js',
  knip: 'knip/bin/knip.js',
  tsc: 'typescript7/bin/tsc'
} as const

/** Output beyond this hides the reason of a failure instead of showing it. */
const OUTPUT_CHARACTERS_MAX = 8_000

export interface Outcome { readonly exitCode: number | null, readonly stdout: string, readonly stderr: string }

/** Runs a tool with this Node, from the root of the repository. */
export async function run (tool: keyof typeof EXECUTABLES, ...args: readonly string[]): Promise<Outcome> {
  const modules = path.join(ROOT, 'node_modules')
  // buf starts its plugin by name, npm scripts find it there.
  const PATH = [path.join(modules, '.bin'), process.env['PATH']].join(path.delimiter)
  const child = spawn(process.execPath, [path.join(modules, EXECUTABLES[tool]), ...args], { cwd: ROOT, env: { ...process.env, PATH }, stdio: ['ignore', 'pipe', 'pipe'] })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { exitCode, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
}

export async function assertClean (tool: keyof typeof EXECUTABLES, ...args: readonly string[]): Promise<void> {
  const { exitCode, stdout, stderr } = await run(tool, ...args)
  assert.equal(exitCode, 0, `${tool} ${args.join(' ')}\n${(stdout + stderr).slice(0, OUTPUT_CHARACTERS_MAX)}`)
}
