/** Every limit on what comes from outside, and its reason. Names carry their units. */

// Text and contents
/** A text message, in bytes of UTF-8. With a PreKey header (1.8 KB), a content's own fields and padding it stays below 64 KiB. */
export const TEXT_BYTES_MAX = 60_000
/** What a stranger may show before being accepted. */
export const REQUEST_TEXT_BYTES_MAX = 500
/** A profile name, in bytes of UTF-8. */
export const NAME_BYTES_MAX = 128
/** An emoji with skin tones, joiners and flags stays far below this. */
export const EMOJI_BYTES_MAX = 64
/** Heads of a conversation that a content names; SDS uses two or three, Matrix up to ten. */
export const PARENTS_MAX = 4
/** A clock further ahead than this does not pull ours along. */
export const CLOCK_AHEAD_MS_MAX = 5 * 60_000
/** Message ids in one receipt. */
export const RECEIPT_IDS_MAX = 256
/** Contents and bytes in one envelope: libsignal costs are per call, not per byte (64 gets all of the gain). */
export const PACK_CONTENTS_MAX = 64
export const PACK_BYTES_MAX = 48 * 1024

// Envelopes and frames
/** A sealed envelope's largest size bucket, and so the largest body that a mailbox takes. */
export const ENVELOPE_BYTES_MAX = 64 * 1024
/** Size buckets of sealed envelopes: an observer learns two bits. */
export const ENVELOPE_BUCKETS_BYTES = [1024, 4 * 1024, 16 * 1024, 64 * 1024] as const
/** libsignal's DecryptionErrorMessage has 44 bytes. */
export const DECRYPTION_ERROR_BYTES_MAX = 512
/** A frame of the request protocols (account, prekeys). */
export const FRAME_BYTES_MAX = 80 * 1024
/** A frame of the deposit protocol carries a batch. */
export const BATCH_FRAME_BYTES_MAX = 512 * 1024
/** Deposits in one batch. */
export const BATCH_DEPOSITS_MAX = 256

/** A contact request: PreKey header 1.8 KB, device list to 4 KB, name, addresses to 2 KB, text to 500 B. */
export const REQUEST_ENVELOPE_BYTES_MAX = 16 * 1024
/** Optional features that a peer names when a stream begins. */
export const FEATURES_MAX = 32
export const FEATURE_BYTES_MAX = 64

// Streams and peers
/** Inbound streams per protocol and connection; libp2p's default of 32 is low for bursts of lookups. */
export const STREAMS_PER_PEER_MAX = 64
/** Noise and protocol negotiation of an inbound or outbound connection. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
/** Connections altogether. One costs about 40 KiB at rest; beyond it newcomers are refused. */
export const CONNECTIONS_MAX = 1_000
/** Connections with one peer: both sides may dial at once, and a dead one may linger. The oldest gives way. */
export const CONNECTIONS_PER_PEER_MAX = 4
/** Inbound handshakes under way, and begun by one host in a second: ten silent seconds of one host leave room for others. */
export const HANDSHAKES_PENDING_MAX = 1_500
export const HANDSHAKES_PER_HOST_PER_SECOND = 100
/** A frame that has begun must end within this, unless we are the one who does not read. */
export const FRAME_TIMEOUT_MS = 30_000
/**
 * How often connections are looked at. One on which something was sent and nothing came back for one interval is pinged; after
 * three and a half, and the time that a slow line takes for what was sent, it is dead: noticed within 9 s. A silent one
 * that no kernel probes (a circuit, WebRTC) is pinged after six: noticed within 21 s.
 */
export const LIVENESS_INTERVAL_MS = 2_000
/** What the slowest line carries that we wait for: 128 kbit/s. */
export const LINE_BYTES_PER_SECOND_MIN = 16 * 1024
/**
 * The kernel's probes of a silent TCP connection, 66 bytes there and back each: the first after this long, then one after each
 * KEEPALIVE_PROBE_MS; a dead peer is noticed within 22 + 2 × 3 = 28 s, for 22 kB in an hour.
 */
export const KEEPALIVE_IDLE_MS = 22_000
export const KEEPALIVE_PROBE_MS = 3_000
export const KEEPALIVE_PROBES = 2
/** Of the connection to one of our own relays: a router that got another address is noticed within 10 s, and all are looked at then. */
export const KEEPALIVE_IDLE_WATCH_MS = 10_000
/** Of a relay, which has time: its probes come on top of those of its users. */
export const KEEPALIVE_IDLE_RELAY_MS = 120_000
/** What an end waits for the other side before it cuts. */
export const CLOSE_GRACE_MS = 500
/** Bytes of a stream that the other side may send before we have read them. */
export const STREAM_WINDOW_BYTES_MAX = 1024 * 1024
/** Bytes of a stream that wait for the other side's window: twice what may be under way without an answer. */
export const SEND_BUFFER_BYTES_MAX = 8 * 1024 * 1024
// Circuits: what a relay lends of its line (docs/protocols/transport.md)
/** Frames above this belong into the relay's mailbox: a circuit carries talk, not files. */
export const CIRCUIT_FRAME_BYTES_MAX = 16 * 1024
/** Both directions together, and how long: some ten thousand messages; then the circuit is made anew. */
export const CIRCUIT_BYTES_MAX = 32 * 1024 * 1024
export const CIRCUIT_DURATION_MS = 4 * 3_600_000
/** Reservations that one relay keeps; libp2p's 15 serve a handful of friends. Each is about 1 KiB and a timer. */
export const CIRCUIT_RESERVATIONS_MAX = 4_096
/** A reservation ends with its connection; else it lasts this long and is renewed at half of it. */
export const CIRCUIT_RESERVATION_MS = 2 * 3_600_000
/** Circuits that end at one user: those who talk to it and can reach it no other way. */
export const CIRCUITS_PER_USER_MAX = 64
/** Messages about paths: a relay's voucher and addresses are the largest part, some 600 bytes. */
export const PATH_MESSAGE_BYTES_MAX = 4 * 1024
/** A direct dial has this long before a circuit is tried beside it: more than a round trip around the world. */
export const CIRCUIT_HEAD_START_MS = 500
/** Own relays: first attempt after a loss, and the longest pause. With RELAY_DIAL_TIMEOUT_MS below 15 s in all. */
export const RELAY_RETRY_MS_MIN = 500
export const RELAY_RETRY_MS_MAX = 6_000
export const RELAY_DIAL_TIMEOUT_MS = 4_000
/** After this long without success the pauses grow to RELAY_RETRY_LOST_MS: a relay that is gone for good. */
export const RELAY_LOST_AFTER_MS = 3_600_000
export const RELAY_RETRY_LOST_MS = 60_000
/** One request and its answer. */
export const REQUEST_TIMEOUT_MS = 10_000
/** A deposit without an answer: the stream is broken, whatever TCP says. */
export const ACKNOWLEDGE_TIMEOUT_MS = 15_000
/** Deposits and bytes that may be under way to one device without an answer. */
export const IN_FLIGHT_DEPOSITS_MAX = 512
export const IN_FLIGHT_BYTES_MAX = 4 * 1024 * 1024
/** Inbound deposits that wait for their commit, from all peers together and from one: beyond it, reading stops. */
export const INBOUND_WAITING_MAX = 2_048
export const INBOUND_WAITING_PER_PEER_MAX = 512
/** Requests of the lookup protocols from one peer: a burst, then a rate. */
export const LOOKUP_BURST = 20
export const LOOKUP_PER_SECOND = 2
/** Bundles with one-time keys for one peer: it needs one per session, a few after losing sessions, never a hundred. */
export const ONE_TIME_BUNDLE_BURST = 4
export const ONE_TIME_BUNDLES_PER_SECOND = 4 / 3600

// Sizes that other specifications fix
/** A libsignal public key: a type byte, then Curve25519. */
export const IDENTITY_KEY_BYTES = 33
/** XEd25519, a device's consent and the signatures of its prekeys. */
export const CONSENT_BYTES = 64
/** Makes account ids unique even if a broken random source repeats a key. */
export const NONCE_BYTES = 16

// Accounts, devices, invites
/** Devices in one account's list. */
export const DEVICES_MAX = 16
/** A statement with 16 devices is about 4 KiB. */
export const STATEMENT_BYTES_MAX = 16 * 1024
/** A device list is refreshed long before this. */
export const STATEMENT_LIFETIME_MS = 30 * 24 * 3_600_000
export const STATEMENT_REFRESH_MS = 15 * 24 * 3_600_000
/** An invite as a link: fits a QR of version 10 at level M. */
export const INVITE_LINK_BYTES_MAX = 450
export const INVITE_HINTS_MAX = 3
/** Multihash bytes of a PeerId: 38 of an Ed25519 key, 34 of a hashed one. */
export const PEER_ID_BYTES_MAX = 64
export const INVITE_TOKEN_BYTES = 16
/** A one-time invite; a long-term one does not expire. */
export const INVITE_LIFETIME_MS = 7 * 24 * 3_600_000
/** Contact requests held apart; beyond it strangers are told FULL. */
export const REQUESTS_PENDING_MAX = 64
/** Addresses that a device tells its contacts. */
export const ADDRESSES_MAX = 8
export const ADDRESS_BYTES_MAX = 256

// Prekeys: sizes that libsignal fixes
/** ML-KEM-1024 public key (FIPS 203) after a type byte. */
export const KEM_PREKEY_BYTES = 1569
/** libsignal counts prekeys in 24 bits. */
export const PREKEY_ID_MAX = 0xffffff

// Prekeys: how many (Signal keeps 100 of each kind and refills below 20)
export const ONE_TIME_PREKEYS = 100
export const ONE_TIME_PREKEYS_MIN = 20
/** The signed prekey and the last-resort key rotate weekly; old halves stay for sessions that are under way. */
export const SIGNED_PREKEY_ROTATION_MS = 7 * 24 * 3_600_000
export const SIGNED_PREKEY_KEEP_MS = 35 * 24 * 3_600_000

// Keeping
/** Ids of received envelopes: a redelivery after longer than this cannot happen, senders expire sooner. */
export const RECEIVED_KEEP_MS = 90 * 24 * 3_600_000
/** What was inside a delivered envelope can be sent again for this long when the other side cannot decrypt it. */
export const RETRY_KEEP_MS = 7 * 24 * 3_600_000
/** A message that nobody collected for this long is expired at the sender. */
export const DELIVERY_LIFETIME_MS = 30 * 24 * 3_600_000
/** Retry requests to and from one device in an hour: a broken peer must not keep us in a loop. */
export const RETRY_REQUESTS_PER_HOUR = 20
/** Trace rows kept for one envelope: the first and the last ones tell the story. */
export const TRACE_STEPS_MAX = 60

// Relays: what a user's node does there
/** Behind the aliases of one contact: as much as the hash that derives them. */
export const ALIAS_SECRET_BYTES = 32
/** A receipt for what came through a relay waits this long for company; and a relay cannot tell by the moment what it answers. */
export const RECEIPT_DELAY_MS_MIN = 500
export const RECEIPT_DELAY_MS_MAX = 3_000

// Retry of the outbox: 1 s, 2 s, 4 s … with ±20 % jitter
export const RETRY_DELAY_MS_MIN = 1_000
export const RETRY_DELAY_MS_MAX = 5 * 60_000
export const RETRY_JITTER = 0.2
/** The longest that a peer's refusal makes us wait before we ask again: it must not silence us for good. */
export const REFUSED_RETRY_MS_MAX = 3_600_000
/** While a contact request waits for its answer; the answer itself, or their connection, ends the wait sooner. */
export const ACCEPTANCE_RETRY_MS = 6 * 3_600_000
