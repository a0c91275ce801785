"""The tables of the database, and how a database of an older version gets them.

Rule: a migration that has been released is never changed; what comes later is appended. `user_version` counts
those that were applied, each in a transaction of its own. Spec: AR-7, AR-12.

Scopes are `account/region`. Times are milliseconds since the epoch in logs, history and deliveries, seconds in
metric data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.errors import StoreError

if TYPE_CHECKING:
    import sqlite3

_FIRST = """
CREATE TABLE definition (
  kind TEXT NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (kind, scope, name)
) STRICT, WITHOUT ROWID;

-- A number that is another one after each change of a definition of the kind.
CREATE TABLE version (kind TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- What is counted over the whole store: `sequence` is the last one that a log event got.
CREATE TABLE counter (name TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE log_group (
  id INTEGER PRIMARY KEY, scope TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (scope, name)
) STRICT;

-- An id is never used twice: events of a stream that was deleted belong to nobody.
CREATE TABLE log_stream (
  id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, name TEXT NOT NULL,
  created_at INTEGER NOT NULL, first_event INTEGER, last_event INTEGER, last_ingestion INTEGER,
  stored_bytes INTEGER NOT NULL DEFAULT 0, UNIQUE (group_id, name)
) STRICT;
CREATE INDEX log_stream_by_last_event ON log_stream (group_id, ifnull(last_event, -1), name);

-- Log events as they came; they are packed into blocks later.
CREATE TABLE log_event (
  sequence INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, stream_id INTEGER NOT NULL,
  timestamp INTEGER NOT NULL, ingestion_time INTEGER NOT NULL, message TEXT NOT NULL
) STRICT;
CREATE INDEX log_event_by_time ON log_event (group_id, timestamp, sequence);

-- At most 1,000 events of a group, in the order of their places. `data` holds them, `terms` says which of them
-- have which term; both are packed.
CREATE TABLE log_block (
  id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL,
  first_time INTEGER NOT NULL, first_sequence INTEGER NOT NULL,
  last_time INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
  terms BLOB NOT NULL, data BLOB NOT NULL
) STRICT;
CREATE INDEX log_block_by_first ON log_block (group_id, first_time, first_sequence, last_time, last_sequence);
CREATE INDEX log_block_by_last ON log_block (group_id, last_time, last_sequence, first_time, first_sequence);

-- What records are looked up by, and when the first and the last one with it were.
CREATE TABLE term (
  id INTEGER PRIMARY KEY, scope TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, UNIQUE (scope, kind, value)
) STRICT;
CREATE TABLE posting (
  term_id INTEGER NOT NULL, block_id INTEGER NOT NULL, PRIMARY KEY (term_id, block_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX posting_by_block ON posting (block_id);

-- Eight bytes of a digest of an eventID; by the day of its record, so that inserts stay close together.
CREATE TABLE record_id (
  day INTEGER NOT NULL, digest INTEGER NOT NULL, block_id INTEGER NOT NULL, PRIMARY KEY (day, digest, block_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_id_by_block ON record_id (block_id);

CREATE TABLE series (
  id INTEGER PRIMARY KEY, scope TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
  dimensions BLOB NOT NULL, unit TEXT NOT NULL, newest INTEGER NOT NULL,
  UNIQUE (scope, namespace, name, dimensions, unit)
) STRICT;
CREATE TABLE bucket (
  series_id INTEGER NOT NULL, second INTEGER NOT NULL, width INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (series_id, second)
) STRICT, WITHOUT ROWID;
CREATE INDEX bucket_by_age ON bucket (width, second);

CREATE TABLE history (
  number INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, at INTEGER NOT NULL, alarm_name TEXT NOT NULL,
  alarm_type TEXT NOT NULL, item_type TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX history_by_time ON history (scope, at, number);
CREATE INDEX history_by_alarm ON history (scope, alarm_name, at, number);
CREATE TABLE evaluation (
  number INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, alarm_name TEXT NOT NULL, at INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX evaluation_by_alarm ON evaluation (scope, alarm_name, at, number);

CREATE TABLE delivery (
  delivery_id TEXT PRIMARY KEY, scope TEXT NOT NULL, topic_arn TEXT NOT NULL, target TEXT NOT NULL,
  cause TEXT NOT NULL, created_at INTEGER NOT NULL, next_at INTEGER NOT NULL, status TEXT NOT NULL,
  attempts INTEGER NOT NULL, outcome TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX delivery_by_status ON delivery (status, next_at, delivery_id);
CREATE INDEX delivery_by_time ON delivery (created_at, delivery_id);
CREATE INDEX delivery_by_target ON delivery (target, created_at);
CREATE INDEX delivery_by_cause ON delivery (cause);

CREATE TABLE cursor (source TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE seen (
  scope TEXT NOT NULL, event_id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (scope, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_by_time ON seen (at);
"""

_DELIVERIES = """
-- What was tried for a delivery.
CREATE TABLE attempt (
  delivery_id TEXT NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;
ALTER TABLE delivery ADD COLUMN protocol TEXT NOT NULL DEFAULT '';
CREATE INDEX delivery_due ON delivery (next_at, delivery_id, target, protocol) WHERE status = 'pending';
"""

_RECORDS = """
-- At most 256 CloudTrail records of a scope, packed. `newest` is the second of the newest of them while a history
-- finds them; `postings` says by what.
CREATE TABLE record_block (
  id INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, newest INTEGER, postings BLOB NOT NULL, data BLOB NOT NULL
) STRICT;
CREATE INDEX record_block_by_age ON record_block (newest) WHERE newest IS NOT NULL;
CREATE INDEX record_block_by_scope ON record_block (scope);

-- Eight bytes of a digest of scope, history and what a record is found by; then the order in which they are shown.
CREATE TABLE record_posting (
  key INTEGER NOT NULL, second INTEGER NOT NULL, rank BLOB NOT NULL, block_id INTEGER NOT NULL, place INTEGER NOT NULL,
  PRIMARY KEY (key, second, rank)
) STRICT, WITHOUT ROWID;

-- The settings of trails that have selected records which are not delivered yet, as they were then.
CREATE TABLE record_route (
  id INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE, body BLOB NOT NULL
) STRICT;

-- What goes into the same log files. `records` and `size` count what waits and is in no batch.
CREATE TABLE record_group (
  id INTEGER PRIMARY KEY AUTOINCREMENT, route_id INTEGER NOT NULL, folder TEXT NOT NULL, scope TEXT NOT NULL,
  records INTEGER NOT NULL DEFAULT 0, size INTEGER NOT NULL DEFAULT 0, UNIQUE (route_id, folder, scope)
) STRICT;

-- Records of one block that wait in a group: a byte for the place of each in the block, none for all of them.
CREATE TABLE record_waiting (
  id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, batch_id INTEGER NOT NULL,
  received_at INTEGER NOT NULL, records INTEGER NOT NULL, size INTEGER NOT NULL, block_id INTEGER NOT NULL,
  places BLOB NOT NULL
) STRICT;
CREATE INDEX record_waiting_by_group ON record_waiting (group_id, batch_id, id);
CREATE INDEX record_waiting_by_batch ON record_waiting (batch_id) WHERE batch_id <> 0;
CREATE INDEX record_waiting_by_block ON record_waiting (block_id);

-- Records whose log file has its name.
CREATE TABLE record_batch (
  id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, object_key TEXT NOT NULL
) STRICT;
"""

_CALLS = """
-- What Insights count calls of. `last` is the newest minute with one, here and in the next table.
CREATE TABLE call_api (
  id INTEGER PRIMARY KEY, scope TEXT NOT NULL, body BLOB NOT NULL UNIQUE, last INTEGER NOT NULL
) STRICT;

-- Who called and what came of it; without a name in `body` for calls of which that is not known any more.
CREATE TABLE call_caller (
  id INTEGER PRIMARY KEY, body BLOB NOT NULL UNIQUE, error_code TEXT, counts_for_rate INTEGER NOT NULL,
  last INTEGER NOT NULL
) STRICT;

-- Calls by minute since the epoch. `stage` is 0 while it is known who called, then how many minutes stand together.
CREATE TABLE call_count (
  api_id INTEGER NOT NULL, minute INTEGER NOT NULL, caller_id INTEGER NOT NULL, stage INTEGER NOT NULL,
  count INTEGER NOT NULL, PRIMARY KEY (api_id, minute, caller_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_count_by_stage ON call_count (stage, minute, api_id);
"""

_RECENT_POSTINGS = """
-- The newest postings, which are moved into `record_posting` when they are many: a small table is quick to write to.
CREATE TABLE record_recent (
  key INTEGER NOT NULL, second INTEGER NOT NULL, rank BLOB NOT NULL, block_id INTEGER NOT NULL, place INTEGER NOT NULL,
  PRIMARY KEY (key, second, rank)
) STRICT, WITHOUT ROWID;
"""

_DELIVERY_LISTS = """
-- Lists of deliveries, the newest first: of a status, of a topic.
CREATE INDEX delivery_by_status_and_time ON delivery (status, created_at, delivery_id);
CREATE INDEX delivery_by_topic ON delivery (topic_arn, created_at, delivery_id);
DROP INDEX delivery_by_status;
"""

_SUMS = """
-- Log events of blocks by the minute since the epoch of their own times, whatever group and account they are of.
CREATE TABLE event_minute (
  scope TEXT NOT NULL, minute INTEGER NOT NULL, category TEXT NOT NULL, events INTEGER NOT NULL,
  PRIMARY KEY (scope, minute, category)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_minute_by_age ON event_minute (minute);

-- What log events are counted apart by. `account` and `region` are those that records name.
CREATE TABLE event_kind (
  id INTEGER PRIMARY KEY, scope TEXT NOT NULL, group_name TEXT NOT NULL,
  category TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
  UNIQUE (scope, group_name, category, account, region)
) STRICT;

-- The same events by the hour, later by the day: `width` is how many minutes stand together.
CREATE TABLE event_count (
  kind_id INTEGER NOT NULL, minute INTEGER NOT NULL, width INTEGER NOT NULL, events INTEGER NOT NULL,
  PRIMARY KEY (kind_id, minute, width)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_count_by_age ON event_count (width, minute);

-- Changes of state are read without the items that tell of them.
ALTER TABLE history ADD COLUMN old_state TEXT;
ALTER TABLE history ADD COLUMN new_state TEXT;
CREATE INDEX history_change_by_time ON history (scope, at, number, alarm_name, old_state, new_state)
  WHERE new_state IS NOT NULL;
CREATE INDEX history_change_by_alarm ON history (scope, alarm_name, at, number, old_state, new_state)
  WHERE new_state IS NOT NULL;

-- Hours since the epoch in which an alarm changed. It was in `old_state` since `since`, and is in `new_state` since
-- `last_change`; the other times add up what of the hour it was in each state before that.
CREATE TABLE state_hour (
  scope TEXT NOT NULL, hour INTEGER NOT NULL, alarm_name TEXT NOT NULL, old_state TEXT NOT NULL,
  since INTEGER NOT NULL, new_state TEXT NOT NULL, last_change INTEGER NOT NULL, changes INTEGER NOT NULL,
  ok INTEGER NOT NULL, alarm INTEGER NOT NULL, insufficient_data INTEGER NOT NULL,
  PRIMARY KEY (scope, hour, alarm_name)
) STRICT, WITHOUT ROWID;
"""

_ACTIVITY = """
-- Calls of an actor or an address by the hour since the epoch: alone (`kind` and `companion_id` are 0), and beside
-- another term of a kind.
CREATE TABLE activity (
  term_id INTEGER NOT NULL, kind INTEGER NOT NULL, hour INTEGER NOT NULL, companion_id INTEGER NOT NULL,
  calls INTEGER NOT NULL, denied INTEGER NOT NULL, failed INTEGER NOT NULL,
  PRIMARY KEY (term_id, kind, hour, companion_id)
) STRICT, WITHOUT ROWID;

-- When two terms stood in one record for the first and the last time.
CREATE TABLE companion (
  term_id INTEGER NOT NULL, companion_id INTEGER NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  calls INTEGER NOT NULL, PRIMARY KEY (term_id, companion_id)
) STRICT, WITHOUT ROWID;

-- What a block has added to both; none for a block of an older version.
ALTER TABLE log_block ADD COLUMN activity BLOB;
"""

_HISTORY_AGES = """
-- What is too old goes without a look at what stays.
CREATE INDEX history_by_age ON history (at);
CREATE INDEX evaluation_by_age ON evaluation (at);
CREATE INDEX state_hour_by_age ON state_hour (hour);
"""

_BATCHES = """
-- Log events of one large call that are in no block yet: `count` of them from `sequence` on, `size` bytes of messages.
-- `data` holds them, `minutes` how many are of which minute since the epoch; both are packed.
CREATE TABLE log_batch (
  sequence INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, stream_id INTEGER NOT NULL, count INTEGER NOT NULL,
  first_time INTEGER NOT NULL, last_time INTEGER NOT NULL, ingestion_time INTEGER NOT NULL, size INTEGER NOT NULL,
  minutes BLOB NOT NULL, data BLOB NOT NULL
) STRICT;
CREATE INDEX log_batch_by_group ON log_batch (group_id, sequence);
"""

MIGRATIONS: tuple[str, ...] = (
    *(_FIRST, _DELIVERIES, _RECORDS, _CALLS, _RECENT_POSTINGS),
    *(_DELIVERY_LISTS, _SUMS, _ACTIVITY, _HISTORY_AGES, _BATCHES),
)
"""Scripts by the version that they lead from."""

APPLICATION_ID = 0x746F6373
"""Stands in the file's header: `tocs`."""


def migrate(connection: sqlite3.Connection, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring a database to the newest version.

    StoreError for one that a newer Tocsin has written, and for one that is not Tocsin's.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if owner != APPLICATION_ID and tables:
        raise StoreError("the database was not made by Tocsin", hint="give --data a folder of its own")
    if version > len(migrations):
        raise StoreError(
            f"the database has version {version}, and this Tocsin knows versions up to {len(migrations)}",
            hint="it was written by a newer Tocsin: use that one, or restore a backup made before",
        )
    for number, script in enumerate(migrations[version:], version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def require_newest(connection: sqlite3.Connection) -> None:
    """Refuse a database that is of another version than ours. StoreError says what to do."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if owner != APPLICATION_ID or version != len(MIGRATIONS):
        raise StoreError(
            f"the database has version {version}, and this Tocsin works with version {len(MIGRATIONS)}",
            hint="start the service with this version of Tocsin once, which brings an older database up to date",
        )


def _statements(script: str) -> list[str]:
    # executescript would commit what it is in the middle of.
    return [statement for statement in script.split(";\n") if statement.strip()]
