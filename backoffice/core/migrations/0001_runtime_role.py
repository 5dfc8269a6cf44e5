"""The runtime role reads and writes tables but owns none; what is stricter says so itself."""

from django.db import migrations

FORWARDS = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'backoffice_app') THEN
        CREATE ROLE backoffice_app NOLOGIN NOBYPASSRLS;
    END IF;
END $$;
GRANT USAGE ON SCHEMA public TO backoffice_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO backoffice_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO backoffice_app;
GRANT SELECT ON django_migrations TO backoffice_app;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    # Default privileges reach only tables made after them.
    run_before = [
        ("contenttypes", "0001_initial"),
        ("sessions", "0001_initial"),
    ]
    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
