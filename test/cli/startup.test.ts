import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ENVIRONMENT, Fixture, MAIN, ended } from './fixture.ts'

/** Writes down every module that is loaded, as a hook of the module loader. */
const RECORDER = `import { registerHooks } from 'node:module'
import { appendFileSync } from 'node:fs'
registerHooks({ load (url, context, next) { appendFileSync(process.env.LOADED, url + '\\n'); return next(url, context) } })
process.on('exit', () => appendFileSync(process.env.LOADED, process.moduleLoadList.join('\\n')))`

describe('the start of a short command', function () {
  let fixture: Fixture

  afterEach(async () => { await fixture.stop() })

  async function loadedBy (line: readonly string[]): Promise<readonly string[]> {
    const list = join(fixture.home, 'loaded')
    const recorder = `data:text/javascript,${encodeURIComponent(RECORDER)}`
    const { exit, stderr } = await ended(spawn(process.execPath, ['--import', recorder, MAIN, ...line], { env: { ...ENVIRONMENT, SKEIN_HOME: fixture.home, LOADED: list } }))
    assert.equal(exit, 0, stderr)
    return (await readFile(list, 'utf8')).split('\n')
  }

  it('loads one library, commander, and none of a node, a server, a store or a screen', async () => {
    fixture = await Fixture.up({ send: () => ({ id: '01JD8QK4000000000000000001', state: 'queued' }) })
    const loaded = await loadedBy(['send', '@bob', 'hi'])
    const libraries = new Set(loaded.flatMap(url => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []))
    assert.deepEqual([...libraries], ['commander'])
    const own = loaded.flatMap(url => /\/(cli|node|store|protocols)\/(.*)$/.exec(url)?.[0] ?? []).filter(path => !path.includes('node_modules'))
    assert.deepEqual(own.filter(path => /^\/(store|node)\//.test(path)).sort(), ['/node/api/socket-path.ts', '/node/home-files.ts', '/store/faults.ts', '/store/files.ts'], 'only where a home is, what stands in it and what its disk answers')
    assert.deepEqual(own.filter(path => path.startsWith('/cli/commands/')), ['/cli/commands/send.ts'])
  })

  it('does not drag in the parts of Node that an import of node:http reads by the way', async () => {
    fixture = await Fixture.up({ send: () => ({ id: '01JD8QK4000000000000000001', state: 'queued' }) })
    const loaded = await loadedBy(['send', '@bob', 'hi'])
    assert.deepEqual(loaded.filter(name => /undici|NativeModule (crypto|tls|http2|zlib)$/.test(name)), [])
  })
})
