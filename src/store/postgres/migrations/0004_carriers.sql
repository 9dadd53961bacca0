-- The same as sqlite/migrations/0004_carriers.sql; they differ in words of type and in how chance is drawn.

-- How each carrier stands, for all replicas: a row from the first time that something is known.
CREATE TABLE carriers (
    name         TEXT    NOT NULL PRIMARY KEY,
    -- who writes how it stands must have read the newest revision; turns are taken without one
    revision     BIGINT NOT NULL DEFAULT 0,
    -- when the first turn begins that nobody has reserved
    next_send_at BIGINT NOT NULL DEFAULT 0,
    pause        TEXT,
    paused_until BIGINT,
    paused_item  TEXT,
    trying       BIGINT NOT NULL DEFAULT 0,
    slow_downs   BIGINT NOT NULL DEFAULT 0,
    failures     BIGINT NOT NULL DEFAULT 0,
    downs        BIGINT NOT NULL DEFAULT 0,
    lines_limit  BIGINT,
    lines_until  BIGINT
);

-- The carrier that the job names; `carrier` is the one that takes the call. `share` is the attempt's place among those that
-- several carriers share, by chance.
ALTER TABLE attempts ADD COLUMN route TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN share BIGINT NOT NULL DEFAULT 0;
UPDATE attempts SET route = carrier, share = FLOOR(RANDOM() * 10000)::bigint;
DROP INDEX attempts_due;
CREATE INDEX attempts_due ON attempts (route, due_at) WHERE status = 'planned';
