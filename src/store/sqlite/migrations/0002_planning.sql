-- The same as postgres/migrations/0002_planning.sql; they differ in words of type alone.

-- What the feeds say.

ALTER TABLE appointments ADD COLUMN service_by_rule INTEGER NOT NULL DEFAULT 0;

-- What was different about a booking and is not told yet: at most one open row a booking. Closed ones are kept.
CREATE TABLE changes (
    id             INTEGER NOT NULL PRIMARY KEY,
    appointment    TEXT    NOT NULL,
    patient        TEXT    NOT NULL,
    old_site       TEXT    NOT NULL,
    old_start_at   INTEGER NOT NULL,
    old_service    TEXT    NOT NULL,
    old_department TEXT,
    first_at       INTEGER NOT NULL,
    last_at        INTEGER NOT NULL,
    closed_at      INTEGER,
    why            TEXT
) STRICT;
CREATE UNIQUE INDEX one_open_change ON changes (appointment) WHERE closed_at IS NULL;
CREATE INDEX changes_of_patient ON changes (patient);

-- Where numbers came from; rows are added and never changed.
CREATE TABLE consents (
    id      INTEGER NOT NULL PRIMARY KEY,
    patient TEXT    NOT NULL,
    phone   TEXT    NOT NULL,
    source  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    feed    TEXT    NOT NULL,
    CONSTRAINT one_consent UNIQUE (patient, phone, source)
) STRICT;

-- When a live feed was last heard, for each site it ever spoke of.
CREATE TABLE feeds (
    feed     TEXT    NOT NULL,
    site     TEXT    NOT NULL,
    heard_at INTEGER NOT NULL,
    PRIMARY KEY (feed, site)
) STRICT, WITHOUT ROWID;

-- What is promised and tried.

ALTER TABLE outreaches ADD COLUMN moved_from TEXT;

CREATE TABLE closures (
    id           TEXT    NOT NULL PRIMARY KEY,
    site         TEXT    NOT NULL,
    day          TEXT    NOT NULL,
    from_at      INTEGER NOT NULL,
    until_at     INTEGER NOT NULL,
    delay_to     INTEGER,
    reason       TEXT    NOT NULL,
    declared_at  INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;

CREATE TABLE closure_visits (
    closure  TEXT    NOT NULL REFERENCES closures (id),
    patient  TEXT    NOT NULL,
    visit    TEXT    NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (closure, patient)
) STRICT, WITHOUT ROWID;

-- What decisions were made from: the facts without names and birth dates, and the rules.
CREATE TABLE rule_sets (
    id   TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_inputs (
    id      INTEGER NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    patient TEXT    NOT NULL,
    facts   TEXT    NOT NULL,
    rules   TEXT    NOT NULL REFERENCES rule_sets (id)
) STRICT;

ALTER TABLE decisions ADD COLUMN inputs INTEGER REFERENCES plan_inputs (id);

-- Who does what only one at a time may do.
CREATE TABLE leases (
    name     TEXT    NOT NULL PRIMARY KEY,
    holder   TEXT    NOT NULL,
    until_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What people see and do.

-- 1: it closed by itself, because the schedule settled it.
ALTER TABLE worklist ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
UPDATE worklist SET settled = 1 WHERE state = 'closed' AND resolution = 'settled by the schedule';

ALTER TABLE opt_outs ADD COLUMN removed_at INTEGER;
ALTER TABLE opt_outs ADD COLUMN removed_by TEXT;
DROP INDEX one_opt_out;
CREATE UNIQUE INDEX one_opt_out ON opt_outs (COALESCE(patient, ''), COALESCE(phone, ''), how) WHERE removed_at IS NULL;
