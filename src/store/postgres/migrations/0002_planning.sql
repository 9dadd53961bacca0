-- The same as sqlite/migrations/0002_planning.sql; they differ in words of type alone.

-- What the feeds say.

ALTER TABLE appointments ADD COLUMN service_by_rule BIGINT NOT NULL DEFAULT 0;

-- What was different about a booking and is not told yet: at most one open row a booking. Closed ones are kept.
CREATE TABLE changes (
    id             BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    appointment    TEXT   NOT NULL,
    patient        TEXT   NOT NULL,
    old_site       TEXT   NOT NULL,
    old_start_at   BIGINT NOT NULL,
    old_service    TEXT   NOT NULL,
    old_department TEXT,
    first_at       BIGINT NOT NULL,
    last_at        BIGINT NOT NULL,
    closed_at      BIGINT,
    why            TEXT
);
CREATE UNIQUE INDEX one_open_change ON changes (appointment) WHERE closed_at IS NULL;
CREATE INDEX changes_of_patient ON changes (patient);

-- Where numbers came from; rows are added and never changed.
CREATE TABLE consents (
    id      BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient TEXT   NOT NULL,
    phone   TEXT   NOT NULL,
    source  TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    feed    TEXT   NOT NULL,
    CONSTRAINT one_consent UNIQUE (patient, phone, source)
);

-- When a live feed was last heard, for each site it ever spoke of.
CREATE TABLE feeds (
    feed     TEXT COLLATE "C" NOT NULL,
    site     TEXT COLLATE "C" NOT NULL,
    heard_at BIGINT NOT NULL,
    PRIMARY KEY (feed, site)
);

-- What is promised and tried.

ALTER TABLE outreaches ADD COLUMN moved_from TEXT;

CREATE TABLE closures (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    site         TEXT   NOT NULL,
    day          TEXT   NOT NULL,
    from_at      BIGINT NOT NULL,
    until_at     BIGINT NOT NULL,
    delay_to     BIGINT,
    reason       TEXT   NOT NULL,
    declared_at  BIGINT NOT NULL,
    withdrawn_at BIGINT
);

CREATE TABLE closure_visits (
    closure  TEXT   NOT NULL REFERENCES closures (id),
    patient  TEXT   NOT NULL,
    visit    TEXT   NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (closure, patient)
);

-- What decisions were made from: the facts without names and birth dates, and the rules.
CREATE TABLE rule_sets (
    id   TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);

CREATE TABLE plan_inputs (
    id      BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      BIGINT NOT NULL,
    patient TEXT   NOT NULL,
    facts   TEXT   NOT NULL,
    rules   TEXT   NOT NULL REFERENCES rule_sets (id)
);

ALTER TABLE decisions ADD COLUMN inputs BIGINT REFERENCES plan_inputs (id);

-- Who does what only one at a time may do.
CREATE TABLE leases (
    name     TEXT   NOT NULL PRIMARY KEY,
    holder   TEXT   NOT NULL,
    until_at BIGINT NOT NULL
);

-- What people see and do.

-- 1: it closed by itself, because the schedule settled it.
ALTER TABLE worklist ADD COLUMN settled BIGINT NOT NULL DEFAULT 0;
UPDATE worklist SET settled = 1 WHERE state = 'closed' AND resolution = 'settled by the schedule';

ALTER TABLE opt_outs ADD COLUMN removed_at BIGINT;
ALTER TABLE opt_outs ADD COLUMN removed_by TEXT;
DROP INDEX one_opt_out;
CREATE UNIQUE INDEX one_opt_out ON opt_outs (COALESCE(patient, ''), COALESCE(phone, ''), how) WHERE removed_at IS NULL;
