-- The same as postgres/migrations/0007_lost_times.sql; they differ in words of type alone.

-- Times of which this store knows nothing, because a back-up was restored: calls may have been made from `from_at` on.
CREATE TABLE lost_times (
    id      INTEGER NOT NULL PRIMARY KEY,
    from_at INTEGER NOT NULL,
    -- none: this is a back-up that nobody has restored
    until_at INTEGER
);

-- Numbers of which every call in a lost time is known by now, because the carriers were asked.
CREATE TABLE lost_times_asked (
    lost_time INTEGER NOT NULL REFERENCES lost_times (id),
    phone     TEXT    NOT NULL,
    PRIMARY KEY (lost_time, phone)
);
