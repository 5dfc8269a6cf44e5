-- A version of rules is what decisions were made by, and a dry run what a person agreed to: their
-- content never changes. The state of a version moves on; a dry run is written to its end once.
REVOKE UPDATE, DELETE, TRUNCATE ON payments_ruleversion, payments_ruledecision, payments_dryrun
    FROM backoffice_app;
GRANT UPDATE (state, evidence_id, active_from, active_until) ON payments_ruleversion
    TO backoffice_app;
GRANT UPDATE (state, done_at, result) ON payments_dryrun TO backoffice_app;

CREATE FUNCTION payments_dryrun_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'done' THEN
        RAISE EXCEPTION 'dry run % is done', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER frozen BEFORE UPDATE ON payments_dryrun
    FOR EACH ROW EXECUTE FUNCTION payments_dryrun_frozen();
