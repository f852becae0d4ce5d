-- Doors that are closed while envelopes and ids of them are still there: those go in slices, and until then nobody sees them.
CREATE TABLE removals (
  door           INTEGER PRIMARY KEY,
  mailbox        INTEGER NOT NULL
) STRICT;

CREATE INDEX aliases_by_expiry ON aliases (expires_at) WHERE expires_at IS NOT NULL;

-- Ids of items that have gone: how many rows of `deposits` with another state than 0 a door has.
ALTER TABLE aliases ADD COLUMN remembered INTEGER NOT NULL DEFAULT 0;

UPDATE aliases SET remembered = (SELECT count(*) FROM deposits WHERE deposits.door = aliases.door AND state <> 0);
