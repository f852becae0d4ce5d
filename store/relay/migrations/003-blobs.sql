-- Blobs that are kept for mailboxes. They are sealed and lie in files; here stands for whom they are kept, and until when.
CREATE TABLE blobs (
  blob           INTEGER PRIMARY KEY,
  root           BLOB NOT NULL UNIQUE,               -- CID, 36 bytes
  blob_bytes     INTEGER NOT NULL,
  disk_bytes     INTEGER NOT NULL,                   -- what it may take with everything around it: counts from the promise on
  read_tag       BLOB NOT NULL,                      -- of the key that whoever reads has to show
  is_stored      INTEGER NOT NULL DEFAULT 0,         -- all of it is on the disk
  touched_minute INTEGER NOT NULL                    -- when something of it came last
) STRICT;

CREATE INDEX blobs_by_tag ON blobs (read_tag);
CREATE INDEX blobs_unfinished ON blobs (touched_minute) WHERE is_stored = 0;

-- A blob is kept as long as one of these lives.
CREATE TABLE blob_refs (
  blob           INTEGER NOT NULL,
  mailbox        INTEGER NOT NULL,
  until_minute   INTEGER NOT NULL,
  PRIMARY KEY (blob, mailbox)
) STRICT, WITHOUT ROWID;

CREATE INDEX blob_refs_by_expiry ON blob_refs (until_minute);
CREATE INDEX blob_refs_of_mailbox ON blob_refs (mailbox);

-- Mailboxes that are gone while references of theirs are still there: those go in slices.
CREATE TABLE blob_removals (mailbox INTEGER PRIMARY KEY) STRICT;

-- What is kept for one mailbox: the disk_bytes of its references.
ALTER TABLE mailboxes ADD COLUMN media_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE days ADD COLUMN media_bytes INTEGER NOT NULL DEFAULT 0;
