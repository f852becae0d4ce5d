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
/** Contents in one envelope: libsignal costs are per call, not per byte (64 gets all of the gain). */
export const PACK_CONTENTS_MAX = 64
/** What fits into the bucket of 16 KiB with a PreKey header (1.8 KB): the next one has 64 KiB, most of which would be padding. */
export const PACK_BYTES_MAX = 14 * 1024

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
 * that no kernel probes (a circuit) is pinged after nine: noticed within 29 s.
 */
export const LIVENESS_INTERVAL_MS = 2_000
/**
 * A connection between users that nobody has used for this long is ended: a circuit or WebRTC costs some 300 to 600 kB in an hour of
 * silence, a direct TCP connection 45, and who has fifty contacts may have fifty. Each is made anew in a second.
 */
export const IDLE_DIRECT_MS = 5 * 60_000
/** What the slowest line carries that we wait for: 128 kbit/s. */
export const LINE_BYTES_PER_SECOND_MIN = 16 * 1024
/**
 * The kernel's probes of a silent TCP connection, 66 bytes there and back each: the first after this long, then one after each
 * KEEPALIVE_PROBE_MS; a dead peer is noticed within 22 + 2 × 3 = 28 s, for 22 kB in an hour.
 */
export const KEEPALIVE_IDLE_MS = 22_000
export const KEEPALIVE_PROBE_MS = 3_000
export const KEEPALIVE_PROBES = 2
/**
 * Of the connection with the first of our own relays: a router that forgot us or got another address is told, or tells, within 10 s, and
 * then the other relays are looked at. 48 kB in an hour.
 */
export const KEEPALIVE_IDLE_FIRST_RELAY_MS = 10_000
/** Of a relay, which has time: its probes come on top of those of its users. */
export const KEEPALIVE_IDLE_SERVING_MS = 300_000
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
/** Circuits of one relay at once: each holds two streams, and at most a window of each. */
export const CIRCUITS_MAX = 4_096
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

// Relays: aliases and mailboxes (docs/protocols/mailbox.md)
/** An alias is a capability: as hard to guess as a key. */
export const ALIAS_BYTES = 24
export const ALIAS_EPOCH_BYTES = 8
/** Names one run of a relay among all its runs. */
export const INCARNATION_BYTES = 8
/** Keys of HMAC-SHA256. */
export const MAC_KEY_BYTES = 32
export const MAC_BYTES = 32
/** What a relay's hello adds to the MACs of one stream, and a custody question to its answer. */
export const RELAY_NONCE_BYTES = 32
/** Distinguishes two questions for a bundle. */
export const BUNDLE_NONCE_BYTES = 16
/** An AES-256 key. */
export const READ_KEY_BYTES = 32
/** Relays that an account names: three are advised, more than five cost more than they save. */
export const RELAYS_MAX = 5
/** Signed copies that make a message safe to leave there, where there are as many relays. */
export const COPIES_ENOUGH = 2
/** Deposits of one contact that wait: two hundred of the usual size, or a long evening. */
export const ALIAS_ITEMS_MAX = 256
export const ALIAS_WAITING_BYTES_MAX = 4 * 1024 * 1024
/** All that waits in one mailbox: weeks of a busy person. */
export const MAILBOX_ITEMS_MAX = 10_000
export const MAILBOX_WAITING_BYTES_MAX = 64 * 1024 * 1024
/** Contacts and open invites of one device. */
export const ALIASES_MAX = 4_096
/** Share of every quota that only small envelopes that wake nobody may use: receipts must pass where texts do not. */
export const CONTROL_RESERVE = 0.1
/** The smallest bucket: a receipt fits it, a text that wants to be kept may, too, and then says that it wakes. */
export const CONTROL_BYTES_MAX = 1024
/** Requests of strangers that wait in one mailbox, and how long. */
export const GATE_ITEMS_MAX = 64
export const GATE_LIFETIME_MS = 14 * 24 * 3_600_000
/** Proof of work at an open gate: some 30 ms of one core, and twice as much for each doubling of what waits. */
export const WORK_BITS_MIN = 16
/** Beyond it people would wait for minutes. */
export const WORK_BITS_MAX = 26
export const WORK_BYTES = 8
/** What an owner may be sent without having acknowledged: a relay never has more than this on its way to one device. */
export const COLLECT_ITEMS_MAX = 256
export const COLLECT_BYTES_MAX = 1024 * 1024
/** Aliases in one change, acknowledgements in one frame, ids in one listing or custody question. */
export const ALIASES_AT_ONCE_MAX = 256
export const ACKNOWLEDGED_AT_ONCE_MAX = 256
export const LISTED_AT_ONCE_MAX = 1_024
export const CUSTODY_IDS_MAX = 256
/** An own relay that does not answer is tried again after at most this long. */
export const MAILBOX_RETRY_MS_MAX = 60_000
/** How often a relay is asked how many of our prekeys are left; and again after it did not say. */
export const SHARD_LOOK_MS = 12 * 3_600_000
export const SHARD_RETRY_MS = 5 * 60_000
/** One-time pairs in one upload. */
export const SHARD_KEYS_MAX = 100
/** A hundred pairs of an EC key and an ML-KEM key with its signature are 172 KiB. */
export const SHARD_FRAME_BYTES_MAX = 192 * 1024
/** Words of an operator: a relay's name, who runs it, what it runs, an admission code. */
export const RELAY_WORDS_BYTES_MAX = 128
/** Evidence of a stored copy, as it is kept: signature, path of at most eight steps, times. */
export const EVIDENCE_BYTES_MAX = 1024
/** How much of a head start a warm direct connection has before relays are used: three round trips, within these. */
export const HEDGE_MS_MIN = 300
export const HEDGE_MS_MAX = 2_000
/** A copy is deposited again when less than this is left of its time, or a quarter of it. */
export const COPY_RENEW_MS = 24 * 3_600_000
/** The relay's clock may differ from ours by this much before we say so. */
export const RELAY_CLOCK_MS_MAX = 10 * 60_000

// The directory (docs/protocols/directory.md)
/** A record, everything included: it travels in one packet and costs a keeper little. */
export const RECORD_BYTES_MAX = 1024
/** Of the content under the read key: accounts look alike. */
export const RECORD_PAD_BYTES = 64
/** A record is believed until then, at most this far ahead. */
export const RECORD_LIFETIME_MS = 7 * 24 * 3_600_000
export const RECORD_AHEAD_MS_MAX = 8 * 24 * 3_600_000
/** Relays in a record: those that fit. */
export const RECORD_RELAYS_MAX = 4
/** A statement under the read key. */
export const SEALED_STATEMENT_BYTES_MAX = 17 * 1024
/** How often a record is published, with a jitter that hides whose day begins when: keepers in the DHT may forget it after 48 h. */
export const RECORD_PUBLISH_MS = 12 * 3_600_000
export const RECORD_PUBLISH_JITTER_MS = 2 * 3_600_000
/** Enough keepers in the DHT that have shown the record back: 12 of 20 may vanish or lie. Fewer: it is published again sooner. */
export const RECORD_ECHOES_ENOUGH = 8

/** Relays of one contact that are asked for its entry: those of its list, of its invite, of its record. */
export const DIRECTORY_RELAYS_MAX = 8
/** When one has answered, the others have this long to show something newer. */
export const LOCATE_GRACE_MS = 1_500
/** How long an answer of the DHT is believed without asking again. */
export const RECORD_ANSWER_KEEP_MS = 10 * 60_000

// The DHT (docs/protocols/directory.md, "In the DHT")
/** Records that one relay keeps for everybody: a million users on 300 relays make 67,000. */
export const DHT_RECORDS_MAX = 200_000
export const DHT_BYTES_MAX = 2 * 1024 * 1024 * 1024
/** Of both, what only the relay's own users may fill: a flood of strangers must not keep them from being found. */
export const DHT_OWN_SHARE = 0.1
/** Names that one peer may make us keep, at once and then within an hour: a relay republishes for its users, two for each. */
export const DHT_NEW_NAMES_PER_HOUR = 200
/** Messages of one peer: a lookup asks each relay twice at most. */
export const DHT_MESSAGES_BURST = 200
export const DHT_MESSAGES_PER_SECOND = 20
/** One message and its answer: 20 peers with 8 addresses each are 12 KiB. kad-dht itself would take four million bytes. */
export const DHT_STREAM_BYTES_MAX = 64 * 1024
/** One peer's answer: the slowest of twenty must not hold up a lookup. */
export const DHT_PEER_TIMEOUT_MS = 3_000
/** A whole lookup, a whole publication. */
export const DHT_GET_TIMEOUT_MS = 10_000
export const DHT_PUT_TIMEOUT_MS = 30_000
/** Answers after which a lookup that has found something need not wait for the rest. */
export const DHT_ANSWERS_ENOUGH = 8
/** Peers that are asked first, and how many in all are remembered with their addresses. */
export const DHT_BOOTSTRAP_MAX = 8
export const DHT_PEERS_MAX = 2_048

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
