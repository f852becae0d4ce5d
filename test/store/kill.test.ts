import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openAccountStore } from '../../store/account-store.ts'
import { checkAccountStore } from '../../store/check.ts'
import { BATCH_MESSAGES, content, device, KEY, temporaryFolder } from './fixtures.ts'

const ROUNDS = 20
const WRITER = fileURLToPath(new URL('./killed-writer.ts', import.meta.url))

describe('an account store whose process is killed in the middle of its transactions', () => {
  const inFolder = temporaryFolder()

  it(`holds every batch that was committed and half of none, ${ROUNDS} times over`, async () => {
    const path = inFolder('killed.db')
    openAccountStore({ path, key: KEY, isNew: true }).close()
    let kept = 0
    for (let round = 1; round <= ROUNDS; round++) {
      const said = await writeUntilKilled(path, kept + 1 + round % 7)
      const found = inspect(path)
      assert.ok(found >= said, `batch ${said} was committed and ${found} is the last one there`)
      kept = found
    }
    assert.ok(kept >= ROUNDS)
    const store = openAccountStore({ path, key: KEY })
    assert.deepEqual(checkAccountStore(store).filter(finding => finding.severity !== 'ok'), [])
    store.close()
  })
})

/** Kills the writer as soon as it has said `batch`. Returns the last batch that it said. */
async function writeUntilKilled (path: string, batch: number): Promise<number> {
  const writer = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(writer, 'exit')
  let said = 0
  for await (const line of createInterface({ input: writer.stdout })) {
    said = Number(line)
    if (said >= batch) writer.kill('SIGKILL')
  }
  const [code, signal] = await exit as [number | null, string | null]
  assert.deepEqual({ code, signal }, { code: null, signal: 'SIGKILL' })
  return said
}

/** Returns the last batch, after making sure that all of it and nothing beyond it is there. */
function inspect (path: string): number {
  const store = openAccountStore({ path, key: KEY })
  const { read } = store
  const batch = read.facts.number('batch') ?? 0
  const messages = batch * BATCH_MESSAGES
  assert.equal(read.messages.count(), messages)
  assert.equal(read.search.watermark(), messages)
  assert.equal(read.outbox.openCount(), batch)
  assert.deepEqual(read.keys.session(device(1)), new Uint8Array(4000).fill(batch % 256))
  assert.deepEqual(read.outbox.ofMessage(content(messages)).map(outgoing => outgoing.ciphertext), [new Uint8Array(20_000).fill(batch % 256)])
  assert.equal(read.search.find(`batch ${batch}`, { limit: 100 }).length >= BATCH_MESSAGES, true)
  store.close()
  return batch
}
