-- The same as postgres/migrations/0005_incoming.sql; they differ in words of type alone.

-- 1: the patient called our number. Such a call counts under no cap and takes no line.
ALTER TABLE attempts ADD COLUMN inbound INTEGER NOT NULL DEFAULT 0;

-- Calls to our number. One in which a patient was recognized goes on as an attempt.
CREATE TABLE incoming_calls (
    token           TEXT    NOT NULL PRIMARY KEY,
    carrier         TEXT    NOT NULL,
    carrier_call_id TEXT    NOT NULL,
    caller          TEXT,
    at              INTEGER NOT NULL,
    language        TEXT    NOT NULL,
    stage           TEXT    NOT NULL,
    step            INTEGER NOT NULL,
    said            INTEGER NOT NULL,
    -- birthdays that were entered and were nobody's
    wrong           INTEGER NOT NULL,
    attempt         TEXT REFERENCES attempts (id),
    ended_at        INTEGER,
    CONSTRAINT one_incoming_call UNIQUE (carrier, carrier_call_id)
) STRICT;
CREATE INDEX incoming_calls_of_caller ON incoming_calls (caller, at) WHERE caller IS NOT NULL;

-- What was answered when a step was answered; 0 is the first request.
CREATE TABLE incoming_replies (
    call  TEXT    NOT NULL REFERENCES incoming_calls (token),
    step  INTEGER NOT NULL,
    reply TEXT    NOT NULL,
    PRIMARY KEY (call, step)
) STRICT, WITHOUT ROWID;
