/**
 * The composition root and the package's public face: `createNode(config)`. It alone sees everything: the account on the disk,
 * libsignal, libp2p, the core above them, and the door for local clients.
 */
import { resolve } from 'node:path'
import { openHome } from './home.ts'
import { RunningNode } from './running-node.ts'
import type { NodeConfig, SkeinNode } from './skein-node.ts'

export type { FileToSend, MediaConfig, NodeConfig, Sent, SkeinNode } from './skein-node.ts'
export type { ContactView, DeliveryState, EventView, MessageView, RequestView, StatusView } from '../protocols/local/schema.ts'

/**
 * Opens (or makes) an account and composes its node; nothing is on the network before `start()`.
 * @throws NotFoundError, LockedError (another process has the account), StorageError (wrong password, damaged, full)
 */
export async function createNode (config: NodeConfig): Promise<SkeinNode> {
  const home = resolve(config.home)
  const { store, lock } = await openHome({ ...config, home })
  try {
    return await RunningNode.compose({ ...config, home }, { store, lock })
  } catch (error) {
    store.close()
    lock.release()
    throw error
  }
}
