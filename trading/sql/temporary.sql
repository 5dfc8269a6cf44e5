-- Readings of trading servers come by COPY through temporary tables: COPY can't write a table under
-- row-level security. The right goes with the database, so roles.sql gives it to new ones too.
DO $$ BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO backoffice_app', current_database());
END $$;
