import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { interruption } from '../../cli/failure.ts'
import { Host } from '../../testnet/host.ts'
import { layoutOf } from '../../testnet/layout.ts'
import { Member } from '../../testnet/member.ts'
import { Journal } from '../../testnet/report/journal.ts'
import { Ledger, talk } from '../../testnet/prove/talk.ts'

describe('a talk', () => {
  it('ends when whoever runs it is interrupted, though nobody knows what became of the last words', async () => {
    const interrupted = AbortSignal.abort(interruption())
    const layout = layoutOf(join(tmpdir(), 'skein-no-such-testnet'))
    const place = (): never => assert.fail('nobody is started')
    const journal = new Journal(() => 0)
    const users = (['ana', 'bob'] as const).map(name => {
      const node = { name, kind: 'user' } as const
      const host = new Host([node], { layout, placeOf: place, journal, interrupted })
      return new Member(node, { layout, host, seed: undefined, place, journal, interrupted })
    })
    // Up, so that a call that fails may have been done.
    for (const user of users) Object.defineProperty(user, 'isUp', { value: true })
    await assert.rejects(talk(users, { messages: 1, signal: new AbortController().signal, random: () => 0, ledger: new Ledger(), tell: () => undefined }), { code: 'interrupted' })
  })
})
