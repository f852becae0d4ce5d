/**
 * The four ports: the only ways by which time, chance, the network and the ratchet reach the node. The real ones are
 * in world.ts, net/ and crypto/; the simulated ones in testnet/simulation/. Nothing else here exists twice.
 */
import type { DeviceId, AccountId } from '../protocols/core/ids.ts'
import type { Bundle } from '../protocols/prekeys/prekeys_pb.ts'
import type { ShardUpload } from '../protocols/prekeys/shard.ts'
import type { RouterKind } from '../protocols/paths/nat.ts'
import type { Reader } from '../store/reader.ts'
import type { Writer } from '../store/writer.ts'

export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump either way. */
  now: () => number
  /** Never goes back; only differences mean anything. Milliseconds with fraction. */
  monotonic: () => number
  /** Calls `fire` once after `delayMs`, unless cancelled. Never keeps the process alive by itself. */
  timer: (delayMs: number, fire: () => void) => Timer
  /** Calls `run` after the I/O that is ready now (setImmediate). */
  soon: (run: () => void) => void
}

export interface Timer { readonly cancel: () => void }

export interface Random {
  /** Cryptographically strong in the real world, seeded in the simulated one. */
  bytes: (length: number) => Uint8Array
  /** Uniform in [0, 1), for jitter only. */
  fraction: () => number
}

/** A peer as the network knows it: an authenticated key and where it may answer. Names nobody. */
export interface PeerTarget {
  /** libp2p PeerId, text form. */
  readonly peerId: string
  /** Multiaddrs without the `/p2p/…` part, best first. May be empty when a connection exists. */
  readonly addresses: readonly string[]
}

/**
 * A long-lived stream of frames with a peer whose key the connection has proven. Frames arrive whole and in order, or the
 * channel closes. A frame above the protocol's limit closes it with `tooLarge`.
 */
export interface Channel {
  readonly peerId: string
  /**
   * Whether everything passes a relay's circuit. Its bytes are counted there: single frames above CIRCUIT_FRAME_BYTES_MAX
   * belong into the relay's mailbox instead.
   */
  readonly isRelayed: boolean
  /**
   * Writes all frames at once. Resolves when the peer's window has room for more: wait for it before the next send, or
   * memory is unbounded. Rejects with UnreachableError when the channel closes first.
   */
  send: (frames: readonly Uint8Array[]) => Promise<void>
  /** Ends the channel; frames already sent still arrive. Idempotent. */
  close: () => void
  /** Settles when the channel is over, however it ended. Never rejects. */
  readonly closed: Promise<ChannelEnd>
}

export type ChannelEnd = 'closed' | 'reset' | 'tooLarge' | 'timeout' | 'stopped'

/**
 * Takes the frames that arrived together. When it returns a promise, nothing more is read from this peer until it settles:
 * this is the back-pressure. A rejection closes the channel.
 */
export type FrameHandler = (frames: readonly Uint8Array[]) => void | Promise<void>

export interface ChannelProtocol {
  readonly id: string
  readonly frameBytesMax: number
}

/** The way to a connected peer: straight, or through a relay's circuit. */
export type Path = { readonly type: 'direct' } | { readonly type: 'relayed', readonly relay: string }

export interface Ping {
  readonly path: Path
  /** One small frame there and back, on a connection that is up. */
  readonly ms: number
}

/** How a relay that `useRelays` named fares. */
export interface RelayStanding {
  readonly peerId: string
  /** `reserved`: others reach us through it. `refused`: connected, but it keeps no place for us. */
  readonly state: 'connecting' | 'reserved' | 'refused'
  /** Why it is not reserved, in words. */
  readonly reason?: string
}

/** What a node knows of its way to the outside, found out with the help of its relays. */
export interface Survey {
  /** Multiaddrs that we listen on. */
  readonly listening: readonly string[]
  readonly router: RouterKind
  /** Where our relays see us, if one does. */
  readonly seenAs?: string
  /** Addresses that others could dial, and whether a relay could. `refused`: nobody could tell. */
  readonly checked: ReadonlyArray<{ readonly address: string, readonly result: 'reachable' | 'unreachable' | 'refused' }>
  /** Peers on our own network. */
  readonly neighbours: number
}

export interface Network {
  /** Our own PeerId, text form. */
  readonly peerId: string
  start: () => Promise<void>
  stop: () => Promise<void>
  /** Multiaddrs, without our own `/p2p/…`, at which others may reach us now; best first, circuits through our relays last. */
  addresses: () => string[]
  /** Serves a channel protocol: `accept` is called for each inbound channel and returns its frame handler. */
  serveChannel: (protocol: ChannelProtocol, accept: (channel: Channel) => FrameHandler) => void
  /** Serves request/answer: one frame in, one frame out. A throwing answerer resets the stream. */
  serveRequest: (protocol: ChannelProtocol, answer: (request: Uint8Array, peerId: string) => Promise<Uint8Array> | Uint8Array) => void
  /** @throws UnreachableError when no address answers within the handshake time-out */
  openChannel: (peer: PeerTarget, protocol: ChannelProtocol, onFrames: FrameHandler) => Promise<Channel>
  /** @throws UnreachableError when no address answers, or no answer comes in time */
  request: (peer: PeerTarget, protocol: ChannelProtocol, frame: Uint8Array) => Promise<Uint8Array>
  isConnected: (peerId: string) => boolean
  /** How frames to a connected peer travel now; undefined without a connection. */
  path: (peerId: string) => Path | undefined
  /** @throws UnreachableError when no address answers, or no answer comes in time */
  ping: (peer: PeerTarget) => Promise<Ping>
  /**
   * Stays connected with these relays and keeps a place at each, so that others reach us through it; those of an earlier
   * call that are missing are given up. May be called before the network starts.
   */
  useRelays: (relays: readonly PeerTarget[]) => void
  /** The relays in use, in the order given. */
  relays: () => readonly RelayStanding[]
  /** Whom our addresses may be told over a circuit, so that a direct connection can follow: nobody, until this is called. */
  meet: (mayMeet: (peerId: string) => boolean) => void
  /** Called when a peer is found on the local network, or at another address there. */
  onNeighbour: (listener: (peerId: string) => void) => void
  /** Asks the relays how others can reach us. */
  survey: () => Promise<Survey>
  /** Called whenever a peer's first connection opens, and with who opened it. */
  onConnect: (listener: (peerId: string, openedBy: 'us' | 'them') => void) => void
  /** Drops every connection: after a suspend or a change of network the old ones may be dead without knowing it. */
  disconnectAll: () => Promise<void>
  connectionCount: () => number
}

export type CipherKind = 'whisper' | 'prekey'

export interface Sealed { readonly kind: CipherKind, readonly body: Uint8Array }

export type DecryptFailure =
  | 'duplicate'      // libsignal has used this message key: a redelivery, or a skipped key that was lost
  | 'noSession'
  | 'untrusted'      // the key is not in the device list that we accepted
  | 'unknownPrekey'  // one-time prekey already used or never ours
  | 'replayed'       // a last-resort first flight seen before
  | 'broken'         // everything else: bad MAC, malformed, too far ahead

export type Decrypted =
  | { readonly type: 'plaintext', readonly bytes: Uint8Array }
  | { readonly type: 'failed', readonly reason: DecryptFailure, readonly decryptionError?: Uint8Array }

/**
 * The ratchet. Everything it changes stays in memory, in a unit of work, until `write` puts it into the caller's
 * transaction: a ratchet step becomes durable together with what it was for, or not at all. One caller at a time: the turn
 * (loops/turn.ts) is the mutex.
 *   work on sessions → store.transact(w => { …; sealer.write(w) }) → sealer.settle()       committed
 *   work on sessions → … throws                                    → sealer.discard()      as if never tried
 */
export interface Sealer {
  /** Whether a message to this device can be encrypted now. */
  hasSession: (device: DeviceId) => boolean
  /** Trusts this key within the unit of work: the device list that names it is accepted in the same transaction. */
  vouch: (device: DeviceId, identityKey: Uint8Array) => void
  /** Starts a session from a bundle. @throws UntrustedError when its identity key is not the one in the accepted list */
  startSession: (device: DeviceId, bundle: Bundle) => Promise<void>
  /**
   * Gives a session up: the next message needs a fresh bundle. With the other side's complaint about one envelope, only if it
   * is about the present session: an older envelope's complaint leaves a newer session alone.
   */
  dropSession: (device: DeviceId, complaint?: Uint8Array) => void
  encrypt: (device: DeviceId, plaintext: Uint8Array) => Promise<Sealed>
  /** A failure is a value and leaves the session as it was. */
  decrypt: (device: DeviceId, sealed: Sealed) => Promise<Decrypted>
  /** Puts everything changed since the last settle or discard into the transaction. */
  write: (writer: Writer) => void
  settle: () => void
  discard: () => void
  /** HPKE to a device's identity key; no session needed, anonymous. */
  sealTo: (identityKey: Uint8Array, device: DeviceId, plaintext: Uint8Array) => Uint8Array
  /** undefined when it was not sealed to us or was changed on the way. */
  openSealed: (sealed: Uint8Array) => Uint8Array | undefined
  /** The same for many, in their order, beside the main thread when they are a backlog. */
  openManySealed: (sealed: readonly Uint8Array[]) => Promise<ReadonlyArray<Uint8Array | undefined>>
  /** Signs with our device identity key: consent to belong to an account. */
  signConsent: (account: AccountId) => Uint8Array
  verifyConsent: (identityKey: Uint8Array, account: AccountId, consent: Uint8Array) => boolean
  /**
   * Makes prekeys in memory for `write` to store: called inside the turn. Reads tell how many are needed; whether any were made.
   */
  refillPrekeys: (reader: Reader, nowMs: number) => boolean
  /**
   * A bundle of our own device, with one key of each one-time kind taken for good when `withOneTime` and there is one; undefined
   * before the first prekeys are stored. Hand it out only after the commit.
   */
  issueBundle: (writer: Writer, options: { readonly nowMs: number, readonly withOneTime: boolean }) => Bundle | undefined
  /**
   * Prekeys for one relay alone: `count` fresh one-time keys of each kind, stored as given away, and the signed and the last-resort key
   * that are in use; undefined before the first prekeys are stored. Hand it out only after the commit.
   */
  issueShard: (writer: Writer, options: { readonly nowMs: number, readonly count: number }) => Omit<ShardUpload, 'version'> | undefined
}

/** Who has taken a record into the DHT. */
export interface RecordPut {
  /** Peers to which it was sent. */
  readonly asked: number
  /** Of these, who has shown the very same bytes back. */
  readonly echoes: number
}

/** The DHT, as far as directory records go. A hint, never the only way to anybody: it may be down, or lie by leaving out. */
export interface RecordNetwork {
  /**
   * The different records that peers keep under a name (SHA-256 of a record key), each valid in itself; the caller picks. Empty when
   * nobody has one or nobody answers. Takes at most DHT_GET_TIMEOUT_MS and never rejects.
   */
  get: (name: Uint8Array) => Promise<readonly Uint8Array[]>
  /** Hands a record to those who should keep it. Takes at most DHT_PUT_TIMEOUT_MS and never rejects. */
  put: (name: Uint8Array, record: Uint8Array) => Promise<RecordPut>
}

/** Signs with our network key. */
export interface Signer {
  /** Ed25519, 32 bytes: our PeerId holds it. */
  readonly publicKey: Uint8Array
  /** 64 bytes. */
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

/** The keys of a device that is being made: of libsignal and libp2p in the real world. */
export interface OwnIdentity {
  readonly deviceId: DeviceId
  /** The pair, as `own.identityKey` keeps it. */
  readonly identityKey: Uint8Array
  /** The public half, as device lists name it. */
  readonly publicIdentityKey: Uint8Array
  readonly registrationId: number
  readonly networkKey: Uint8Array
  readonly peerId: string
  readonly signConsent: (account: AccountId) => Uint8Array
}

/** Everything from outside that a node is made of. */
export interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly sealer: Sealer
}
