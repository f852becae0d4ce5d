import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { interruption } from '../../cli/failure.ts'
import { layoutOf } from '../../testnet/layout.ts'
import { Member } from '../../testnet/member.ts'
import { Journal } from '../../testnet/report/journal.ts'
import { Ledger, talk } from '../../testnet/prove/talk.ts'

describe('a talk', () => {
  it('ends when whoever runs it is interrupted, though nobody knows what became of the last words', async () => {
    const interrupted = AbortSignal.abort(interruption())
    const layout = layoutOf(join(tmpdir(), 'skein-no-such-testnet'))
    const place = (): never => assert.fail('nobody is started')
    const users = ['ana', 'bob'].map(name => new Member({ name, kind: 'user' }, { layout, place, journal: new Journal(() => 0), interrupted }))
    // Up, so that a call that fails may have been done.
    for (const user of users) Object.defineProperty(user, 'isUp', { value: true })
    await assert.rejects(talk(users, { messages: 1, signal: new AbortController().signal, random: () => 0, ledger: new Ledger(), tell: () => undefined }), { code: 'interrupted' })
  })
})
