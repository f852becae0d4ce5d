-- Relays: where our own devices have mailboxes, what our contacts and we told each other for reaching us there, and the copies of
-- what we send that others' relays keep.

-- Our own relays. Which ones contacts are told of stands in our signed statement; those that are 'leaving' are not in it any more,
-- and their mailbox is emptied and given up as soon as they answer.
CREATE TABLE relays (
  peer_id TEXT PRIMARY KEY,
  standing TEXT NOT NULL CHECK (standing IN ('used', 'leaving')),
  name TEXT NOT NULL,                  -- what the relay calls itself
  code TEXT,                           -- admits us, where the relay asks for one
  added_at INTEGER NOT NULL,
  opened_at INTEGER,                   -- when our mailbox there was last open
  addresses TEXT NOT NULL              -- JSON array of multiaddrs, best first
) STRICT, WITHOUT ROWID;

-- Prekeys that we brought to a relay. Each one-time key is at one relay only; the ranges say which, so that they are kept as long as
-- the relay may hand them out. An upload is kept until the relay has confirmed it: what is repeated is the same.
CREATE TABLE shards (
  relay TEXT NOT NULL,
  upload INTEGER NOT NULL,             -- counts from 1 for each relay
  signed_prekey INTEGER NOT NULL,
  last_resort INTEGER NOT NULL,
  first_one_time INTEGER NOT NULL,
  first_kem INTEGER NOT NULL,
  count INTEGER NOT NULL,              -- one-time keys of each kind
  bytes BLOB,                          -- a ShardUpload; NULL once confirmed
  PRIMARY KEY (relay, upload)
) STRICT, WITHOUT ROWID;

-- Of each contact: the secret behind our aliases, told to nobody else; theirs, and where their directory record is.
ALTER TABLE contacts ADD COLUMN alias_secret BLOB;
ALTER TABLE contacts ADD COLUMN their_alias_secret BLOB;
ALTER TABLE contacts ADD COLUMN record_key BLOB;
ALTER TABLE contacts ADD COLUMN read_key BLOB;

-- What was in an envelope, 16 bytes for each content, while copies of it may come through relays: they are answered by a receipt, since
-- their author may not have heard of the first one.
ALTER TABLE received ADD COLUMN receipted_at INTEGER;
ALTER TABLE received ADD COLUMN contents BLOB;

-- A hint may also lead to a relay, where the invite's token opens a gate.
ALTER TABLE hints ADD COLUMN is_relay INTEGER NOT NULL DEFAULT 0;

-- Of envelopes that leave: which relay of the recipient has been given a copy, and what it answered.
CREATE TABLE copies (
  outbox INTEGER NOT NULL,
  relay TEXT NOT NULL,                 -- peer id
  deposit_id BLOB NOT NULL,
  state INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  stored_at INTEGER,                   -- both by our clock
  expires_at INTEGER,
  detail TEXT,
  evidence BLOB,                       -- the relay's signed answer (protocols/deposit/custody.ts)
  PRIMARY KEY (outbox, relay)
) STRICT, WITHOUT ROWID;
