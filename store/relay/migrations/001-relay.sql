-- What a relay remembers. Nothing here names an account, a contact or a sender; bodies are sealed. Times in minutes since 1970, days in
-- days since 1970: the relay needs no more, so it does not know more.

CREATE TABLE mailboxes (
  mailbox        INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given out twice: items are numbered by it
  peer_id        TEXT NOT NULL UNIQUE,               -- of the owner's device
  alias_epoch    BLOB,
  alias_count    INTEGER NOT NULL DEFAULT 0,
  items          INTEGER NOT NULL DEFAULT 0,
  bytes          INTEGER NOT NULL DEFAULT 0,
  gate_pending   INTEGER NOT NULL DEFAULT 0,
  next_position  INTEGER NOT NULL DEFAULT 1,
  created_day    INTEGER NOT NULL,
  last_seen_day  INTEGER NOT NULL,
  is_blocked     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX mailboxes_waiting ON mailboxes (last_seen_day) WHERE items > 0;

CREATE TABLE aliases (
  door           INTEGER PRIMARY KEY,
  alias          BLOB NOT NULL UNIQUE,
  mailbox        INTEGER NOT NULL REFERENCES mailboxes (mailbox),
  mac_key        BLOB NOT NULL,
  kind           INTEGER NOT NULL,
  expires_at     INTEGER,
  items          INTEGER NOT NULL DEFAULT 0,
  bytes          INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX aliases_of_mailbox ON aliases (mailbox);

-- item = mailbox * 2^32 + position: the items of one mailbox lie together, in order, without another index.
CREATE TABLE items (
  item           INTEGER PRIMARY KEY,
  door           INTEGER NOT NULL,
  deposit_id     BLOB NOT NULL,
  stored_minute  INTEGER NOT NULL,
  expires_minute INTEGER NOT NULL,
  body           BLOB NOT NULL
) STRICT;

-- Every id that was deposited, also after its item has gone: asking again is answered alike, and nothing comes twice.
CREATE TABLE deposits (
  door           INTEGER NOT NULL,
  deposit_id     BLOB NOT NULL,
  state          INTEGER NOT NULL,                   -- 0 held, 1 collected, 2 expired
  position       INTEGER NOT NULL,
  expires_minute INTEGER NOT NULL,
  PRIMARY KEY (door, deposit_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX deposits_by_expiry ON deposits (state, expires_minute);

CREATE TABLE shards (
  mailbox          INTEGER PRIMARY KEY REFERENCES mailboxes (mailbox),
  device_id        BLOB NOT NULL,
  registration_id  INTEGER NOT NULL,
  identity_key     BLOB NOT NULL,
  signed_id        INTEGER NOT NULL,
  signed_key       BLOB NOT NULL,
  signed_signature BLOB NOT NULL,
  last_id          INTEGER NOT NULL,
  last_key         BLOB NOT NULL,
  last_signature   BLOB NOT NULL
) STRICT;

CREATE INDEX shards_of_device ON shards (device_id);

-- A pair that was given out keeps its number and loses its keys: an upload that is repeated does not bring it back.
CREATE TABLE prekeys (
  mailbox        INTEGER NOT NULL,
  id             INTEGER NOT NULL,
  key            BLOB,
  kem_id         INTEGER NOT NULL,
  kem_key        BLOB,
  kem_signature  BLOB,
  PRIMARY KEY (mailbox, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
  name             BLOB PRIMARY KEY,
  record           BLOB NOT NULL,
  sealed_statement BLOB NOT NULL,
  seq              INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  mailbox          INTEGER NOT NULL
) STRICT;

CREATE INDEX records_of_mailbox ON records (mailbox);
CREATE INDEX records_by_expiry ON records (expires_at);

CREATE TABLE days (
  day          INTEGER PRIMARY KEY,
  stored       INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL,
  expired      INTEGER NOT NULL,
  used_bytes   INTEGER NOT NULL,
  mailboxes    INTEGER NOT NULL
) STRICT;

CREATE TABLE day_refusals (
  day    INTEGER NOT NULL,
  reason TEXT NOT NULL,
  count  INTEGER NOT NULL,
  PRIMARY KEY (day, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
