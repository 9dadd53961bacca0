-- The same as sqlite/migrations/0008_turns.sql; they differ in words of type and in how a trigger is written.

-- Whose turn it is, as the attempt's outreach says for good: so that the next ones of a site are found without reading all that
-- are due. 1: a reminder; notices go first.
ALTER TABLE attempts ADD COLUMN site TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN reminder BIGINT NOT NULL DEFAULT 1;
ALTER TABLE attempts ADD COLUMN visit_at BIGINT NOT NULL DEFAULT 0;
UPDATE attempts SET site = o.site, reminder = CASE WHEN o.purpose = 'reminder' THEN 1 ELSE 0 END, visit_at = o.start_at
    FROM outreaches o WHERE o.id = attempts.outreach AND attempts.status NOT IN ('completed', 'failed', 'cancelled');

-- Written by the database, because programs that do not know these columns may run beside this one.
CREATE FUNCTION note_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT o.site, CASE WHEN o.purpose = 'reminder' THEN 1 ELSE 0 END, o.start_at
        INTO NEW.site, NEW.reminder, NEW.visit_at
        FROM outreaches o WHERE o.id = NEW.outreach;
    NEW.site := COALESCE(NEW.site, '');
    NEW.reminder := COALESCE(NEW.reminder, 1);
    NEW.visit_at := COALESCE(NEW.visit_at, 0);
    RETURN NEW;
END
$$;
CREATE TRIGGER note_turn BEFORE INSERT ON attempts FOR EACH ROW WHEN (NEW.site = '') EXECUTE FUNCTION note_turn();

CREATE INDEX attempts_turn ON attempts (route, site, reminder, visit_at, due_at, id) WHERE status = 'planned';
