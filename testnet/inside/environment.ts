/** How a testnet tells its nodes what they need: by environment variables, which a node outside a testnet has not. */
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Inside } from './whose.ts'

export const ENVIRONMENT = {
  name: 'TESTNET_NODE',
  cablePort: 'TESTNET_CABLE_PORT',
  skewFile: 'TESTNET_SKEW_FILE',
  pack: 'TESTNET_PACK'
} as const

/** A node that shares its process with others. */
export interface PackedNode extends Inside {
  readonly kind: 'user' | 'relay'
  readonly home: string
  readonly log: string
}

interface OnCable {
  /** undefined: the cable needs no help of theirs. */
  readonly cablePort: number | undefined
}

/** Of a node's process, and of a command that is run in its place. */
export function environmentOf ({ name, cablePort, skewFile }: Inside & OnCable): Record<string, string> {
  return { ...common(cablePort), [ENVIRONMENT.name]: name, [ENVIRONMENT.skewFile]: skewFile }
}

/** Of a process of several nodes (commands/pack.ts). */
export function packEnvironment ({ nodes, cablePort }: { readonly nodes: readonly PackedNode[] } & OnCable): Record<string, string> {
  return { ...common(cablePort), [ENVIRONMENT.pack]: JSON.stringify(nodes) }
}

function common (cablePort: number | undefined): Record<string, string> {
  // The sources are TypeScript in the repository and JavaScript in a package; this file has the same ending.
  const preload = pathToFileURL(join(import.meta.dirname, `preload${extname(import.meta.filename)}`)).href
  return {
    NODE_OPTIONS: [process.env['NODE_OPTIONS'] ?? '', `--import=${preload}`].join(' ').trim(),
    ...cablePort !== undefined && { [ENVIRONMENT.cablePort]: String(cablePort) }
  }
}
