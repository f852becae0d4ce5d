/** How a testnet tells its nodes what they need: by environment variables, which a node outside a testnet has not. */
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

export const ENVIRONMENT = {
  name: 'TESTNET_NODE',
  cablePort: 'TESTNET_CABLE_PORT',
  skewFile: 'TESTNET_SKEW_FILE'
} as const

export interface Inside {
  readonly name: string
  /** undefined: the cable needs no help of theirs. */
  readonly cablePort: number | undefined
  readonly skewFile: string
}

/** Of a node's process, and of a command that is run in its place. */
export function environmentOf ({ name, cablePort, skewFile }: Inside): Record<string, string> {
  // The sources are TypeScript in the repository and JavaScript in a package; this file has the same ending.
  const preload = pathToFileURL(join(import.meta.dirname, `preload${extname(import.meta.filename)}`)).href
  return {
    NODE_OPTIONS: [process.env['NODE_OPTIONS'] ?? '', `--import=${preload}`].join(' ').trim(),
    [ENVIRONMENT.name]: name,
    ...cablePort !== undefined && { [ENVIRONMENT.cablePort]: String(cablePort) },
    [ENVIRONMENT.skewFile]: skewFile
  }
}
