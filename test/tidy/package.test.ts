/** package.json and its lock: what a clone or an installation gets, on any machine. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { readText } from './sources.ts'
import { ROOT } from './tool.ts'

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>
  readonly allowScripts: Readonly<Record<string, boolean>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

interface Lock { readonly packages: Readonly<Record<string, { readonly version?: string, readonly resolved?: string, readonly hasInstallScript?: boolean, readonly gypfile?: boolean }>> }

describe('the package', () => {
  const manifest = JSON.parse(readText('package.json')) as Manifest
  const lock = JSON.parse(readText('package-lock.json')) as Lock
  const locked = Object.entries(lock.packages).filter(([place]) => place !== '')

  it('names exact versions only', () => {
    const wanted = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies }
    assert.deepEqual(Object.entries(wanted).filter(([, version]) => !/^(npm:[\w@/.-]+@)?\d+\.\d+\.\d+$/.test(version)), [])
  })

  it('has scripts that start files which exist', () => {
    const files = Object.values(manifest.scripts).flatMap(script => /^node (\S+)/.exec(script)?.[1] ?? [])
    assert.deepEqual(files.filter(file => !existsSync(path.join(ROOT, file))), [])
  })

  it('locks no download address: any registry or mirror serves it', () => {
    assert.deepEqual(locked.filter(([, entry]) => entry.resolved !== undefined).map(([place]) => place), [])
  })

  it('has decided about every install script', () => {
    const scripted = locked.filter(([, entry]) => entry.hasInstallScript === true).map(([place]) => place.replace(/^.*node_modules\//, ''))
    assert.deepEqual(scripted.filter(name => !(name in manifest.allowScripts)), [])
  })

  it('installs without a compiler', () => {
    // Installing from a lock, npm knows only what the lock says; and it forgets this line whenever it writes the lock anew.
    assert.equal(lock.packages['node_modules/better-sqlite3-multiple-ciphers']?.gypfile, false,
      'write "gypfile": false below the version of better-sqlite3-multiple-ciphers in package-lock.json, as its own package.json says')
  })
})
