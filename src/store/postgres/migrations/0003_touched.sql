-- The same as sqlite/migrations/0003_touched.sql; they differ in words of type, in how JSON is read, and in the last step,
-- which only SQLite needs.

-- Whose facts somebody other than the planner changed: the planner reads and removes them. Numbers are never given twice.
CREATE TABLE touched (
    id      BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient TEXT   NOT NULL
);

-- Who may be called at which number.
CREATE TABLE patient_numbers (
    number  TEXT NOT NULL,
    patient TEXT NOT NULL,
    PRIMARY KEY (number, patient)
);
CREATE INDEX numbers_of_patient ON patient_numbers (patient);
INSERT INTO patient_numbers (number, patient)
    SELECT n.value ->> 'number', p.id FROM patients p, jsonb_array_elements(p.phones::jsonb -> 'data') AS n(value)
    WHERE n.value ->> 'number' IS NOT NULL
    UNION
    SELECT p.flags::jsonb -> 'data' ->> 'only_number', p.id FROM patients p
    WHERE p.flags::jsonb -> 'data' ->> 'only_number' IS NOT NULL;
