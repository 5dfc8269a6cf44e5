-- What clients were asked stays what it was: a version's content changes while it is a draft only.
CREATE FUNCTION kyc_form_version_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'draft' AND (OLD.content, OLD.number, OLD.questionnaire_id, OLD.note)
        IS DISTINCT FROM (NEW.content, NEW.number, NEW.questionnaire_id, NEW.note) THEN
        RAISE EXCEPTION 'a version that is no draft does not change' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER form_version_stands BEFORE UPDATE ON kyc_formversion
    FOR EACH ROW EXECUTE FUNCTION kyc_form_version_stands();

REVOKE DELETE, TRUNCATE ON kyc_formversion FROM backoffice_app;
