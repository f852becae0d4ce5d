/** A child process that loads the node, starts it, and says how long each took. */
import type { SkeinNode } from '../node/node.ts'
import { answerCalls } from './answering.ts'

let node: SkeinNode | undefined

const calls = {
  start: async ({ home, isNew }: { readonly home: string, readonly isNew: boolean }) => {
    const loadAtMs = performance.now()
    const { createNode } = await import('../node/node.ts')
    const startAtMs = performance.now()
    node = await createNode({ home, listen: ['/ip4/127.0.0.1/tcp/0'], ...isNew && { create: { name: 'Bench' }, unlock: { keyFile: true } } })
    await node.start()
    return { loadMs: startAtMs - loadAtMs, startMs: performance.now() - startAtMs }
  }
}

export type StartCalls = typeof calls

answerCalls(calls, async () => { await node?.stop() })
