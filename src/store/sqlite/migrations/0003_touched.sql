-- The same as postgres/migrations/0003_touched.sql; they differ in words of type, in how JSON is read, and in the last step,
-- which only SQLite needs.

-- Whose facts somebody other than the planner changed: the planner reads and removes them. Numbers are never given twice.
CREATE TABLE touched (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    patient TEXT    NOT NULL
) STRICT;

-- Who may be called at which number.
CREATE TABLE patient_numbers (
    number  TEXT NOT NULL,
    patient TEXT NOT NULL,
    PRIMARY KEY (number, patient)
) STRICT, WITHOUT ROWID;
CREATE INDEX numbers_of_patient ON patient_numbers (patient);
INSERT INTO patient_numbers (number, patient)
    SELECT json_extract(n.value, '$.number'), p.id FROM patients p, json_each(p.phones, '$.data') n
    WHERE json_extract(n.value, '$.number') IS NOT NULL
    UNION
    SELECT json_extract(p.flags, '$.data.only_number'), p.id FROM patients p
    WHERE json_extract(p.flags, '$.data.only_number') IS NOT NULL;

-- Most entries name a patient or a number, not both. SQLite counts the empty ones as one frequent value, takes the index
-- for useless, and would read the whole list.
DROP INDEX opt_outs_of_patient;
DROP INDEX opt_outs_of_number;
CREATE INDEX opt_outs_of_patient ON opt_outs (patient) WHERE patient IS NOT NULL;
CREATE INDEX opt_outs_of_number ON opt_outs (phone) WHERE phone IS NOT NULL;
