/** `skein version`. */
import type { Invocation } from '../command.ts'
import { VERSION } from '../../node/version.ts'

export async function version ({ output }: Invocation): Promise<void> {
  await output.result({ version: VERSION, node: process.versions.node }, `skein ${VERSION} (Node.js ${process.versions.node})`)
}
