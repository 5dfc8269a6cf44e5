DO $$ BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM backoffice_app', current_database());
END $$;
