-- The account database: everything one device knows. STRICT tables, no defaults that lie, ids as 16- or 32-byte blobs.
-- Times are milliseconds since 1970. Written only inside transact(); read by reader.ts.
-- Long columns (text, sealed bytes) stand last in a row: what comes after a long column is only reached through its
-- overflow pages, and states change more often than texts.

-- Our own account and device: exactly one row.
CREATE TABLE own (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  account_id BLOB NOT NULL,
  device_id BLOB NOT NULL,
  name TEXT NOT NULL,
  name_changed_at INTEGER NOT NULL,
  statement BLOB NOT NULL,            -- SignedStatement, the newest
  signing_key BLOB NOT NULL,          -- Ed25519 secret ("hot") key, 32 bytes
  identity_key BLOB NOT NULL,         -- libsignal identity key pair
  registration_id INTEGER NOT NULL,
  network_key BLOB NOT NULL,          -- libp2p private key, protobuf
  accept_policy TEXT NOT NULL CHECK (accept_policy IN ('ask', 'all')),
  trust_policy TEXT NOT NULL CHECK (trust_policy IN ('first-use', 'verified-only')),
  read_receipts INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Small facts that must survive: watermark of the search index, next prekey ids, last ports.
CREATE TABLE facts (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
  contact INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id BLOB NOT NULL UNIQUE,
  alias TEXT,                          -- ours for them; unique without regard to case (alias_folded)
  alias_folded TEXT UNIQUE,
  name TEXT,                           -- theirs for themselves
  name_folded TEXT,
  profile_version INTEGER NOT NULL,    -- of the profile we hold, so an older one never overwrites
  standing TEXT NOT NULL CHECK (standing IN ('requested', 'pending', 'accepted', 'blocked', 'removed')),
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  statement_hash BLOB,
  is_key_changed INTEGER NOT NULL,     -- an epoch rose and nobody has looked at it yet
  verified_epoch INTEGER,              -- the epoch whose safety number was compared
  invite_token BLOB,                   -- what admits our request to them
  told_profile INTEGER NOT NULL,       -- hash of the profile and addresses that they were last told
  created_at INTEGER NOT NULL,
  statement BLOB                       -- SignedStatement, the newest accepted one
) STRICT;
CREATE INDEX contacts_by_name ON contacts (name_folded);

CREATE TABLE devices (
  device_id BLOB PRIMARY KEY,
  contact INTEGER NOT NULL REFERENCES contacts,
  identity_key BLOB NOT NULL,
  registration_id INTEGER NOT NULL,
  peer_id TEXT NOT NULL UNIQUE,
  addresses TEXT NOT NULL,             -- JSON array of multiaddrs, best first
  is_listed INTEGER NOT NULL           -- in the newest accepted list; else it is revoked
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_by_contact ON devices (contact);

-- Where an invite said a contact may be found, until its device list is known.
CREATE TABLE hints (
  contact INTEGER NOT NULL REFERENCES contacts,
  peer_id TEXT NOT NULL,
  address TEXT NOT NULL,
  PRIMARY KEY (contact, peer_id, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE invites (
  token BLOB PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('once', 'long-term')),
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  used_at INTEGER,                     -- a one-time invite that has been used
  is_revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Requests of strangers, held apart. The contact row has standing 'pending'. The id is the stranger's choice, so two may be
-- equal: it is not unique.
CREATE TABLE requests (
  contact INTEGER PRIMARY KEY REFERENCES contacts,
  request_id BLOB NOT NULL,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  invite_token BLOB,
  received_at INTEGER NOT NULL
) STRICT;

CREATE TABLE conversations (
  contact INTEGER PRIMARY KEY REFERENCES contacts,
  counter INTEGER NOT NULL,            -- of our own contents
  hlc INTEGER NOT NULL,                -- the highest clock we go on from, microseconds
  heads BLOB NOT NULL,                 -- content ids nobody names as parent yet, 16 bytes each, newest last, at most 4
  unread INTEGER NOT NULL,
  last_row INTEGER NOT NULL            -- newest message row, 0: none
) STRICT;

-- Rows are marked as deleted, never removed, and have no gaps between their numbers: the highest is also the count.
CREATE TABLE messages (
  row INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  contact INTEGER NOT NULL,
  is_own INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  hlc INTEGER NOT NULL,                -- the author's, microseconds
  position INTEGER NOT NULL,           -- effective clock: above every parent's (protocols/message/order.ts)
  parents BLOB NOT NULL,
  missing INTEGER NOT NULL,            -- parents that we do not have
  sent_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,        -- own: when it was queued
  kind INTEGER NOT NULL,               -- 0 text, 1 unsupported ("update needed")
  reply_to BLOB,
  is_deleted INTEGER NOT NULL,
  edited_at INTEGER,
  state INTEGER NOT NULL,              -- own: 0 queued 1 stored 2 delivered 3 read 4 failed 5 expired 6 cancelled; theirs: 10 unread 11 read
  state_at INTEGER NOT NULL,
  delivered_at INTEGER,
  reason TEXT,                         -- of failed
  reactions TEXT,                      -- JSON {contact or 0: emoji} as folded; NULL: none
  text TEXT NOT NULL,                  -- as folded; empty when deleted
  original TEXT                        -- as first written, only while an edit hides it
) STRICT;
CREATE INDEX messages_by_position ON messages (contact, position, id);
CREATE INDEX messages_with_gap ON messages (contact) WHERE missing > 0;
CREATE INDEX messages_unread ON messages (contact) WHERE state = 10;

-- Edits, deletions and reactions: the truth of which messages holds the fold. May arrive before their target.
CREATE TABLE changes (
  id BLOB PRIMARY KEY,
  target BLOB NOT NULL,
  contact INTEGER NOT NULL,
  author INTEGER NOT NULL,             -- 0: us, else the contact
  kind INTEGER NOT NULL,               -- 1 edit, 2 deletion, 3 reaction
  hlc INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  parents BLOB NOT NULL,
  sent_at INTEGER NOT NULL,
  body TEXT NOT NULL                   -- edit: text; reaction: emoji
) STRICT, WITHOUT ROWID;
CREATE INDEX changes_by_target ON changes (target);

-- One row per envelope for one device; before it is sealed, what shall go into one. A row number is never used again:
-- the loops remember how far they came.
CREATE TABLE outbox (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  device_id BLOB NOT NULL,
  contact INTEGER NOT NULL,
  envelope_id BLOB UNIQUE,             -- NULL: not sealed yet
  cipher_kind INTEGER,                 -- 2 whisper, 3 prekey, 8 plaintext
  state INTEGER NOT NULL,              -- 0 waiting for a session, 1 sealed, 2 delivered, 3 refused, 4 expired, 5 cancelled
  attempts INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,
  sealed_at INTEGER,
  sent_at INTEGER,                     -- last attempt
  settled_at INTEGER,
  expires_at INTEGER NOT NULL,
  gate_token BLOB,                     -- a contact request: the invite token
  refs BLOB NOT NULL,                  -- what is inside: kind byte and 16-byte id, 17 bytes each (store/refs.ts)
  ciphertext BLOB                      -- NULL before sealing and after settling
) STRICT;
CREATE INDEX outbox_open ON outbox (device_id, state, row, queued_at) WHERE state <= 1;
CREATE INDEX outbox_expiry ON outbox (expires_at) WHERE state <= 1;
CREATE INDEX outbox_settled ON outbox (settled_at) WHERE state > 1;

-- Which envelopes a message is in, for its trace and state.
CREATE TABLE outbox_messages (
  message BLOB NOT NULL,
  outbox INTEGER NOT NULL,
  PRIMARY KEY (message, outbox)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_messages_by_outbox ON outbox_messages (outbox);

-- What happened to an envelope besides the happy path's own columns.
CREATE TABLE traces (
  row INTEGER PRIMARY KEY,
  outbox INTEGER NOT NULL,
  at INTEGER NOT NULL,
  step TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX traces_by_outbox ON traces (outbox);

-- Envelopes already taken in: looked up before decrypting. outcome 0 done, 1 undecryptable (asked for again).
CREATE TABLE received (
  envelope_id BLOB PRIMARY KEY,
  at INTEGER NOT NULL,
  outcome INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX received_by_time ON received (at);
CREATE INDEX received_undecryptable ON received (at) WHERE outcome = 1;

-- libsignal's records.
CREATE TABLE sessions (device_id BLOB NOT NULL UNIQUE, changed_at INTEGER NOT NULL, record BLOB NOT NULL) STRICT;
CREATE TABLE one_time_prekeys (id INTEGER PRIMARY KEY, issued_at INTEGER, record BLOB NOT NULL) STRICT;
CREATE TABLE one_time_kem_prekeys (id INTEGER PRIMARY KEY, issued_at INTEGER, record BLOB NOT NULL) STRICT;
CREATE INDEX one_time_prekeys_unissued ON one_time_prekeys (id) WHERE issued_at IS NULL;
CREATE INDEX one_time_kem_prekeys_unissued ON one_time_kem_prekeys (id) WHERE issued_at IS NULL;
CREATE TABLE signed_prekeys (id INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, record BLOB NOT NULL) STRICT;
CREATE TABLE last_resort_kem_prekeys (id INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, record BLOB NOT NULL) STRICT;
-- A last-resort first flight seen once is never accepted again.
CREATE TABLE last_resort_used (kem_id INTEGER NOT NULL, signed_id INTEGER NOT NULL, base_key BLOB NOT NULL, PRIMARY KEY (kem_id, signed_id, base_key)) STRICT, WITHOUT ROWID;

-- The feed of events: a row may stand for several events of one kind (refs). A number is never used again: cursors hold it.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  contact INTEGER NOT NULL,            -- 0: about ourselves
  refs BLOB NOT NULL,                  -- content ids, 16 bytes each; may be empty
  detail TEXT NOT NULL                 -- JSON, '' when refs say it all
) STRICT;
CREATE TABLE cursors (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, offset INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE hooks (hook INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, command TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;

-- Idempotency keys of the local API: the same key gives the same answer.
CREATE TABLE idempotency (key TEXT PRIMARY KEY, content_id BLOB NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_time ON idempotency (at);

-- Full text, by message row; the text itself stands in messages. store/search.ts splits text into words and puts spaces
-- between them, so the tokenizer only has to split at spaces: 'ascii' leaves every character above U+007F alone, whatever
-- version of Unicode it is from. Beginnings of two letters have an index of their own; longer ones are completed from
-- search_words. 'secure-delete' takes the words of a deleted message out of the file, not only out of the results.
CREATE VIRTUAL TABLE search USING fts5 (text, content = '', tokenize = 'ascii', prefix = '2');
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
CREATE VIRTUAL TABLE search_words USING fts5vocab ('search', 'instance');
