-- The same tables as postgres/migrations/0001_foundation.sql; they differ in words of type alone.
-- Times are microseconds since 1970 UTC, yes and no are 1 and 0, JSON texts are {"v": version, "data": …}.

CREATE TABLE secrets (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What the feeds say.

CREATE TABLE appointments (
    id               TEXT    NOT NULL PRIMARY KEY,
    revision         INTEGER NOT NULL,
    patient          TEXT    NOT NULL,
    site             TEXT    NOT NULL,
    department       TEXT,
    start_at         INTEGER NOT NULL,
    duration_minutes INTEGER,
    service          TEXT    NOT NULL,
    visit_type       TEXT,
    status           TEXT    NOT NULL,
    established      INTEGER,
    booked_at        INTEGER NOT NULL,
    updated_at       INTEGER,
    feed             TEXT    NOT NULL
) STRICT;
CREATE INDEX appointments_of_patient ON appointments (patient);
CREATE INDEX appointments_by_start ON appointments (start_at, id);

CREATE TABLE patients (
    id         TEXT    NOT NULL PRIMARY KEY,
    revision   INTEGER NOT NULL,
    first_name TEXT,
    last_name  TEXT,
    birth_date TEXT,
    phones     TEXT    NOT NULL,
    language   TEXT,
    flags      TEXT    NOT NULL,
    updated_at INTEGER
) STRICT;

CREATE TABLE raw_inputs (
    id      INTEGER NOT NULL PRIMARY KEY,
    feed    TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    line    INTEGER NOT NULL,
    text    TEXT    NOT NULL,
    refused TEXT
) STRICT;
CREATE INDEX raw_inputs_by_time ON raw_inputs (feed, at);

-- What is promised and tried.

CREATE TABLE outreaches (
    id       TEXT    NOT NULL PRIMARY KEY,
    visit    TEXT    NOT NULL,
    patient  TEXT    NOT NULL,
    site     TEXT    NOT NULL,
    day      TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    purpose  TEXT    NOT NULL,
    touch    INTEGER NOT NULL,
    job      TEXT    NOT NULL,
    start_at INTEGER NOT NULL,
    CONSTRAINT one_promise UNIQUE (visit, version, purpose, touch)
) STRICT;
CREATE INDEX outreaches_of_patient ON outreaches (patient);

CREATE TABLE attempts (
    id              TEXT    NOT NULL PRIMARY KEY,
    outreach        TEXT    NOT NULL REFERENCES outreaches (id),
    number          INTEGER NOT NULL,
    status          TEXT    NOT NULL,
    due_at          INTEGER NOT NULL,
    not_after       INTEGER NOT NULL,
    phone_kind      TEXT    NOT NULL,
    phone           TEXT    NOT NULL,
    language        TEXT    NOT NULL,
    carrier         TEXT    NOT NULL,
    carrier_call_id TEXT,
    placed_at       INTEGER,
    answered_at     INTEGER,
    ended_at        INTEGER,
    answered_by     TEXT,
    heard_seconds   INTEGER,
    keys            TEXT    NOT NULL,
    outcome         TEXT,
    end_reason      TEXT,
    opted_out       INTEGER NOT NULL DEFAULT 0,
    -- of the call
    token           TEXT UNIQUE,
    brief           TEXT,
    deadline        INTEGER,
    events          INTEGER NOT NULL DEFAULT 0,
    -- of the dialler that has it
    holder          TEXT,
    lease_until     INTEGER,
    CONSTRAINT one_number UNIQUE (outreach, number)
) STRICT;
CREATE UNIQUE INDEX one_open_attempt ON attempts (outreach) WHERE status NOT IN ('completed', 'failed', 'cancelled');
CREATE UNIQUE INDEX one_live_call ON attempts (phone)
    WHERE status IN ('requesting', 'unknown', 'accepted', 'ringing', 'in_progress');
CREATE INDEX attempts_due ON attempts (carrier, due_at) WHERE status = 'planned';
CREATE INDEX attempts_busy ON attempts (carrier)
    WHERE status IN ('leased', 'requesting', 'unknown', 'accepted', 'ringing', 'in_progress');
CREATE INDEX attempts_to_number ON attempts (phone, placed_at);
CREATE INDEX attempts_by_time ON attempts (COALESCE(placed_at, ended_at, due_at), id);

CREATE TABLE call_events (
    attempt TEXT    NOT NULL REFERENCES attempts (id),
    seq     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    event   TEXT    NOT NULL,
    key     TEXT,
    reply   TEXT,
    PRIMARY KEY (attempt, seq),
    CONSTRAINT one_reply UNIQUE (attempt, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE audio (
    id     TEXT NOT NULL PRIMARY KEY,
    recipe TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
    id      INTEGER NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    visit   TEXT    NOT NULL,
    job     TEXT    NOT NULL,
    essence TEXT    NOT NULL,
    body    TEXT    NOT NULL
) STRICT;
CREATE INDEX decisions_of_visit ON decisions (visit, job, id);

-- What people see and do.

CREATE TABLE worklist (
    id         TEXT    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    visit      TEXT,
    patient    TEXT,
    -- whose it is: the visit's patient, else the patient
    whose      TEXT,
    -- what it is about: the visit; where there is none the patient; where there is none what was known when it was opened
    about      TEXT    NOT NULL,
    opened_at  INTEGER NOT NULL,
    due_at     INTEGER,
    owner      TEXT,
    state      TEXT    NOT NULL,
    resolution TEXT
) STRICT;
CREATE UNIQUE INDEX one_open_item ON worklist (kind, about) WHERE state <> 'closed';
CREATE INDEX worklist_of_patient ON worklist (whose);
CREATE INDEX worklist_by_time ON worklist (opened_at, id);

CREATE TABLE opt_outs (
    id      INTEGER NOT NULL PRIMARY KEY,
    patient TEXT,
    phone   TEXT,
    at      INTEGER NOT NULL,
    how     TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_opt_out ON opt_outs (COALESCE(patient, ''), COALESCE(phone, ''), how);
CREATE INDEX opt_outs_of_patient ON opt_outs (patient);
CREATE INDEX opt_outs_of_number ON opt_outs (phone);

CREATE TABLE webhook_log (
    id          INTEGER NOT NULL PRIMARY KEY,
    at          INTEGER NOT NULL,
    direction   TEXT    NOT NULL,
    carrier     TEXT    NOT NULL,
    attempt     TEXT,
    method      TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    status      INTEGER NOT NULL,
    verdict     TEXT    NOT NULL,
    duration_us INTEGER NOT NULL,
    body        TEXT    NOT NULL
) STRICT;
CREATE INDEX webhook_log_of_attempt ON webhook_log (attempt, id);
CREATE INDEX webhook_log_by_time ON webhook_log (at);
