-- A closed day stays as it was closed, for the application and for the owner of the tables.
REVOKE UPDATE, DELETE, TRUNCATE ON reporting_daytotal, reporting_dayfile FROM backoffice_app;
REVOKE DELETE, TRUNCATE ON reporting_businessday, reporting_bookscheck FROM backoffice_app;

CREATE FUNCTION reporting_closed_day_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the day % is closed and stays as it is', OLD.day USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER closed_day_stays BEFORE UPDATE OR DELETE ON reporting_businessday
    FOR EACH ROW WHEN (OLD.state = 'closed') EXECUTE FUNCTION reporting_closed_day_stays();
