-- Files that go with messages: what the messages say of them, and the blobs behind them. The blobs themselves lie beside the database, as
-- files of ciphertext (store/blobs/); their keys stand here, in the messages.

CREATE TABLE attachments (
  message BLOB NOT NULL,               -- content id
  place INTEGER NOT NULL,              -- from 0, in the order of the message
  root BLOB NOT NULL,                  -- CID of the blob, 36 bytes
  attachment BLOB NOT NULL,            -- as it stood in the message (protocols/message/attachment.ts)
  PRIMARY KEY (message, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_by_root ON attachments (root);

-- One row for each blob that an attachment points to; one that none points to any more is 'dropped' until its files are gone.
CREATE TABLE blobs (
  root BLOB PRIMARY KEY,
  state INTEGER NOT NULL,              -- 0 known, 1 wanted, 2 here, 3 gone (nobody has it), 4 dropped
  blob_bytes INTEGER NOT NULL,         -- of the ciphertext
  leaves_held INTEGER NOT NULL,        -- verified and on the disk
  is_pinned INTEGER NOT NULL,
  added_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL,
  detail TEXT                          -- of wanted and gone: what stands in the way, in words
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_by_state ON blobs (state, used_at);

-- To whom we have sent a blob. What they have fetched needs no copies at relays any more.
CREATE TABLE blob_recipients (
  root BLOB NOT NULL,
  contact INTEGER NOT NULL,
  added_at INTEGER NOT NULL,
  fetched_at INTEGER,
  PRIMARY KEY (root, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_recipients_open ON blob_recipients (added_at) WHERE fetched_at IS NULL;

-- Copies of a blob at the relays of those to whom we have sent it.
CREATE TABLE blob_copies (
  root BLOB NOT NULL,
  contact INTEGER NOT NULL,
  relay TEXT NOT NULL,                 -- peer id
  state INTEGER NOT NULL,              -- 0 waiting, 1 stored, 2 refused, 3 released
  attempts INTEGER NOT NULL,
  leaves_stored INTEGER NOT NULL,      -- as the relay said last
  keep_until INTEGER,                  -- by the relay's clock
  detail TEXT,                         -- what went wrong last, in words
  evidence BLOB,                       -- the relay's signed answer
  PRIMARY KEY (root, contact, relay)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_copies_by_relay ON blob_copies (relay);
