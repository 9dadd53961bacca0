-- The same as postgres/migrations/0008_turns.sql; they differ in words of type and in how a trigger is written.

-- Whose turn it is, as the attempt's outreach says for good: so that the next ones of a site are found without reading all that
-- are due. 1: a reminder; notices go first.
ALTER TABLE attempts ADD COLUMN site TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN reminder INTEGER NOT NULL DEFAULT 1;
ALTER TABLE attempts ADD COLUMN visit_at INTEGER NOT NULL DEFAULT 0;
UPDATE attempts SET site = o.site, reminder = CASE WHEN o.purpose = 'reminder' THEN 1 ELSE 0 END, visit_at = o.start_at
    FROM outreaches o WHERE o.id = attempts.outreach AND attempts.status NOT IN ('completed', 'failed', 'cancelled');

-- Written by the database, because programs that do not know these columns may run beside this one.
CREATE TRIGGER note_turn AFTER INSERT ON attempts FOR EACH ROW WHEN NEW.site = ''
BEGIN
    UPDATE attempts SET site = o.site, reminder = CASE WHEN o.purpose = 'reminder' THEN 1 ELSE 0 END, visit_at = o.start_at
        FROM outreaches o WHERE o.id = attempts.outreach AND attempts.id = NEW.id;
END;

CREATE INDEX attempts_turn ON attempts (route, site, reminder, visit_at, due_at, id) WHERE status = 'planned';
