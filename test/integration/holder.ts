/**
 * A process of its own that opens an account: `node holder.ts HOME`. Says on its standard output what came of it, as one line
 * of JSON, and holds the account until it is killed or its standard input ends.
 */
import { createNode } from '../../node/node.ts'
import { SkeinError } from '../../protocols/core/errors.ts'

const [, , home = ''] = process.argv

try {
  const node = await createNode({ home, listen: ['/ip4/127.0.0.1/tcp/0'] })
  await node.start()
  process.stdout.write(`${JSON.stringify({ pid: process.pid, account: node.account })}\n`)
  process.stdin.on('end', () => { void node.stop() })
  process.stdin.resume()
} catch (error) {
  if (!(error instanceof SkeinError)) throw error
  process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message, hint: error.hint })}\n`)
  process.exitCode = error.exit
}
