-- The same as sqlite/migrations/0005_incoming.sql; they differ in words of type alone.

-- 1: the patient called our number. Such a call counts under no cap and takes no line.
ALTER TABLE attempts ADD COLUMN inbound BIGINT NOT NULL DEFAULT 0;

-- Calls to our number. One in which a patient was recognized goes on as an attempt.
CREATE TABLE incoming_calls (
    token           TEXT   NOT NULL PRIMARY KEY,
    carrier         TEXT   NOT NULL,
    carrier_call_id TEXT   NOT NULL,
    caller          TEXT,
    at              BIGINT NOT NULL,
    language        TEXT   NOT NULL,
    stage           TEXT   NOT NULL,
    step            BIGINT NOT NULL,
    said            BIGINT NOT NULL,
    -- birthdays that were entered and were nobody's
    wrong           BIGINT NOT NULL,
    attempt         TEXT REFERENCES attempts (id),
    ended_at        BIGINT,
    CONSTRAINT one_incoming_call UNIQUE (carrier, carrier_call_id)
);
CREATE INDEX incoming_calls_of_caller ON incoming_calls (caller, at) WHERE caller IS NOT NULL;

-- What was answered when a step was answered; 0 is the first request.
CREATE TABLE incoming_replies (
    call  TEXT   NOT NULL REFERENCES incoming_calls (token),
    step  BIGINT NOT NULL,
    reply TEXT   NOT NULL,
    PRIMARY KEY (call, step)
);
