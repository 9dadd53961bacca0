-- The same as sqlite/migrations/0006_floor.sql; they differ in words of type alone.

-- Which programs may work with this schema: those that know the step named here, and all later ones. Steps add, so that
-- programs of two versions can run side by side; one that changes or takes away what older programs use writes a row
-- here in its own transaction. `program` is the version that first knew the step, for people.
CREATE TABLE schema_floor (
    step    BIGINT NOT NULL PRIMARY KEY,
    program TEXT   NOT NULL
);
