-- What names a row by its id is compared as ids are, byte by byte. An index of another collation is of no use for that: whole
-- tables were read to find the bookings of a patient or the events of a call.
ALTER TABLE appointments ALTER COLUMN patient TYPE TEXT COLLATE "C";
ALTER TABLE outreaches ALTER COLUMN patient TYPE TEXT COLLATE "C";
ALTER TABLE attempts ALTER COLUMN outreach TYPE TEXT COLLATE "C";
ALTER TABLE call_events ALTER COLUMN attempt TYPE TEXT COLLATE "C";
ALTER TABLE changes ALTER COLUMN patient TYPE TEXT COLLATE "C";
ALTER TABLE patient_numbers ALTER COLUMN patient TYPE TEXT COLLATE "C";
ALTER TABLE closure_visits ALTER COLUMN patient TYPE TEXT COLLATE "C";

-- Statements that older programs have prepared are none any more, and they would go on with them.
INSERT INTO schema_floor (step, program) VALUES (9, '0.1.0');
