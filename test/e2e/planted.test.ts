/** The proof is proven: with a bug in the product, `skein testnet prove` does not pass. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FAULTS, type FaultName } from '../planted/bugs.ts'
import { broken, plantedEnvironment } from '../planted/hook.ts'
import { layoutOf } from '../../testnet/layout.ts'
import type { Verdict } from '../../testnet/prove/checker.ts'
import { prove } from '../../testnet/prove/proof.ts'
import { makeFolder, removeFolder } from './skein.ts'

/** What is found of each, in so many messages. */
const EXPECTED: Readonly<Record<FaultName, { readonly messages: number, readonly isFound: (verdict: Verdict) => boolean }>> = {
  earlyAcknowledgement: { messages: 600, isFound: ({ lost }) => lost.length > 0 },
  noDeduplication: { messages: 400, isFound: ({ duplicated }) => duplicated.length > 0 },
  noMutex: { messages: 200, isFound: ({ undecryptable }) => undecryptable.length > 0 },
  wallClockOrder: { messages: 400, isFound: ({ reordered }) => reordered.length > 0 }
}

/** Its first four faults are kills of users, ana and bob in turn, who come back soon. */
const SEED = 2_821
/** A bug shows when something else happens at the wrong moment, and which moment that is no seed decides alone. */
const ATTEMPTS = 4

describe('a proof of a messenger with a bug', function () {
  this.timeout(300_000)

  for (const [bug, { messages, isFound }] of Object.entries(EXPECTED) as Array<[FaultName, typeof EXPECTED[FaultName]]>) {
    it(`fails when ${FAULTS[bug].name}`, async () => {
      const told: string[] = []
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const verdict = await within(plantedEnvironment(FAULTS[bug].bugs), async () => await proofOf(messages, SEED + attempt, told))
        if (isFound(verdict)) return
        told.push(JSON.stringify(verdict))
      }
      assert.fail(told.join('\n'))
    })
  }

  it('is about the product as it is: every bug has its place in it', async () => {
    for (const { bugs } of Object.values(FAULTS)) {
      for (const bug of bugs) broken(await readFile(join(import.meta.dirname, '..', '..', bug.file), 'utf8'), bug)
    }
  })
})

async function proofOf (messages: number, seed: number, told: string[]): Promise<Verdict> {
  const folder = await makeFolder()
  const { verdict } = await prove({
    layout: layoutOf(join(folder, 'net')),
    users: 2,
    relays: 1,
    seed,
    messages,
    durationMs: 240_000,
    interrupted: new AbortController().signal,
    tell: text => told.push(text),
    settleMsMax: 20_000
  })
  await removeFolder(folder)
  return verdict
}

/** Processes that are started meanwhile inherit these variables. */
async function within<Result> (environment: NodeJS.ProcessEnv, work: () => Promise<Result>): Promise<Result> {
  const before = process.env
  process.env = environment
  try {
    return await work()
  } finally {
    process.env = before
  }
}
