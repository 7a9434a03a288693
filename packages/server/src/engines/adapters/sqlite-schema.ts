/**
 * The tables. A change here raises `schemaVersion` and brings a migration; data that is out there is never abandoned.
 * Times: `time_ms` and `oldest_ms` are wall clock; `touched_ms` and `at_ms` are the engine's own clock, which no jump of the wall clock moves.
 */

/** Marks the file as ours ("hfst"). */
export const applicationId = 0x68_66_73_74;

/** The version that this code reads and writes. */
export const schemaVersion = 1;

export const schema = `
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  epoch TEXT NOT NULL UNIQUE,
  started_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE stream (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  last INTEGER NOT NULL,
  first_prev INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  closed INTEGER NOT NULL,
  oldest_ms INTEGER NOT NULL,
  touched_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE epoch (
  stream_id INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  epoch TEXT NOT NULL,
  PRIMARY KEY (stream_id, first_seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE log (
  stream_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  format INTEGER NOT NULL,
  key TEXT,
  payload BLOB NOT NULL,
  PRIMARY KEY (stream_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE producer (
  stream_id INTEGER NOT NULL,
  producer TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  touched_ms INTEGER NOT NULL,
  requests BLOB NOT NULL,
  PRIMARY KEY (stream_id, producer)
) STRICT, WITHOUT ROWID;
CREATE TABLE dedupe (
  stream_id INTEGER NOT NULL,
  key TEXT NOT NULL,
  first INTEGER NOT NULL,
  count INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (stream_id, key)
) STRICT, WITHOUT ROWID`;
