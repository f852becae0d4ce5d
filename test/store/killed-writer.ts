/**
 * The process that kill.test.ts kills: commits one numbered batch after the other for ever, and says the number of each when it
 * is committed. It says so on descriptor 1 itself: asking for process.stdout would make the pipe fail with EAGAIN once the test reads
 * slower than this writes.
 */
import { writeSync } from 'node:fs'
import { openAccountStore } from '../../store/account-store.ts'
import type { Writer } from '../../store/writer.ts'
import { aMessage, BATCH_MESSAGES, content, device, envelope, KEY } from './fixtures.ts'

const [path = ''] = process.argv.slice(2)
const store = openAccountStore({ path, key: KEY })
for (let batch = (store.read.facts.number('batch') ?? 0) + 1; ; batch++) {
  store.transact(writer => { writeBatch(writer, batch) })
  writeSync(1, `${batch}\n`)
}

function writeBatch (writer: Writer, batch: number): void {
  writer.facts.set('batch', batch)
  writer.keys.saveSession(device(1), new Uint8Array(4000).fill(batch % 256), batch)
  const first = (batch - 1) * BATCH_MESSAGES + 1
  const ids = Array.from({ length: BATCH_MESSAGES }, (_, index) => content(first + index))
  ids.forEach((id, index) => writer.messages.append(aMessage(first + index, { id, text: `batch ${batch}` })))
  writer.outbox.sealed({
    deviceId: device(1),
    contact: 1,
    refs: ids.map(id => ({ kind: 'text', id })),
    envelopeId: envelope(batch),
    cipherKind: 'whisper',
    ciphertext: new Uint8Array(20_000).fill(batch % 256),
    queuedAtMs: batch,
    sealedAtMs: batch,
    expiresAtMs: batch + 1
  })
  writer.search.indexNext(BATCH_MESSAGES)
}
