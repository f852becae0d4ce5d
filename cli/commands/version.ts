/** `skein version`. */
import type { Invocation } from '../command.ts'
import { ownVersion } from '../version.ts'

export async function version ({ output }: Invocation): Promise<void> {
  const own = ownVersion()
  await output.result({ version: own, node: process.versions.node }, `skein ${own} (Node.js ${process.versions.node})`)
}
