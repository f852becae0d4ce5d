/** What a program that runs a node in its own process has to do with: its configuration, its methods, a message on its way. */
import type { LocalApi } from '../protocols/local/operations.ts'
import type { ContactView, EventView, MessageView, RequestView, StatusView } from '../protocols/local/schema.ts'

export interface NodeConfig {
  /** The directory of one account. */
  readonly home: string
  /** Make the account when the home has none. Without it, opening an empty home is a NotFoundError. */
  readonly create?: { readonly name: string, readonly accept?: 'ask' | 'all' }
  /** How the vault is opened, and for a new account closed. Default: the key file `key` in the home. */
  readonly unlock?: { readonly password?: string, readonly keyFile?: string | true, readonly keychain?: boolean }
  /** Multiaddrs to listen on. Default: the ports of last time, on all interfaces, TCP and WebSocket. */
  readonly listen?: readonly string[]
  /** Whether to look for contacts on the local network, and be found there (mDNS). Default: when others than this machine can connect. */
  readonly lan?: boolean
  /** Relays through which people are looked for, as multiaddrs that end in `/p2p/PEERID`; the account's own and its contacts' are used anyway. */
  readonly bootstrap?: readonly string[]
  /** How files are kept and fetched; what is left out is as the settings `media.…` have it by default. */
  readonly media?: MediaConfig
  /**
   * Called with the 24 recovery words of a new account: the only time they exist. The account is there when this has resolved; if it
   * rejects, or does not come to its end, there is none.
   */
  readonly onRecoveryWords?: (words: readonly string[]) => void | Promise<void>
  /** Whether local clients can call it on the socket in the home while it runs. Default: true. */
  readonly serve?: boolean
  /** Told of every fault in a client's call that is a bug: the client learns no more than that there was one. */
  readonly onFault?: (fault: Error) => void
}

export interface MediaConfig {
  /** Where files are written when nobody says where. Default: `downloads` in the home. */
  readonly folder?: string
  /** Of all encrypted files on the disk, bytes. */
  readonly cacheBytesMax?: number
  /** What is fetched without being asked for, bytes; 0: nothing. */
  readonly autoBytesMax?: number
  /** By itself only what contacts send whose safety number was compared. */
  readonly isVerifiedOnly?: boolean
  /** The line costs by the byte: by itself come short voice notes alone. */
  readonly isMetered?: boolean
}

/** A file of this machine that goes with a message. */
export interface FileToSend {
  /** Absolute. */
  readonly path: string
  /** Instead of the last part of the path. */
  readonly name?: string
  /** As it is: with place, camera and all else that it may tell. */
  readonly original?: boolean
}

export interface Sent {
  readonly id: string
  /** Settle when the message is in that state or beyond; reject with a SkeinError when it fails, expires or is cancelled. */
  readonly stored: Promise<void>
  readonly delivered: Promise<void>
  readonly read: Promise<void>
}

export interface SkeinNode extends LocalApi, AsyncDisposable {
  readonly account: string
  readonly device: string
  readonly peerId: string
  /** After start: multiaddrs at which others may reach us. */
  addresses: () => readonly string[]
  /** Connects to the world. Before it, everything local works: reading, searching, queueing. */
  start: () => Promise<void>
  /** Finishes what is under way, closes every file and socket. Idempotent. */
  stop: () => Promise<void>
  /**
   * Resolves when it has stopped, whoever asked for it: a client may, too. With an error when it has stopped by itself, because the disk
   * did not confirm a write: what is on the disk is safe, and another node goes on from there.
   */
  readonly stopped: Promise<Error | undefined>
  invite: (options?: { readonly once?: boolean }) => Promise<string>
  readonly contacts: {
    readonly add: (link: string, options?: { readonly as?: string, readonly text?: string }) => Promise<ContactView>
    readonly list: () => Promise<readonly ContactView[]>
  }
  readonly requests: {
    readonly list: () => Promise<readonly RequestView[]>
    readonly accept: (id: string, options?: { readonly as?: string }) => Promise<ContactView>
    readonly reject: (id: string) => Promise<void>
  }
  /** Resolves when the message is durable: from then on it cannot be lost. */
  send: (to: string, text: string, options?: { readonly replyTo?: string, readonly attachments?: readonly FileToSend[], readonly idempotencyKey?: string }) => Promise<Sent>
  read: (who: string, options?: { readonly limit?: number, readonly before?: string }) => Promise<readonly MessageView[]>
  /**
   * Events in order, for ever, from a named cursor (kept by the node; moves on when the next event is asked for, so each is
   * seen at least once) or from now on.
   */
  events: (options?: { readonly cursor?: string, readonly after?: string, readonly signal?: AbortSignal }) => AsyncIterableIterator<EventView>
  status: () => Promise<StatusView>
}
