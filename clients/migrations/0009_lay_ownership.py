from django.db import migrations

from backoffice.core.tenant_tables import RUNTIME_ROLE, LayTenantTables

# Parties and what ties them to a company end; nobody deletes them. Of a tie only its end is written
# after it was made.
KEEP = f"""
REVOKE DELETE, TRUNCATE ON clients_party FROM {RUNTIME_ROLE};
REVOKE UPDATE, DELETE, TRUNCATE ON clients_tie FROM {RUNTIME_ROLE};
GRANT UPDATE (until_on, ended_at, ended_by_ref, ended_by, end_reason)
    ON clients_tie TO {RUNTIME_ROLE};
"""


class Migration(migrations.Migration):
    dependencies = [("clients", "0008_ownership")]
    operations = [
        LayTenantTables("clients"),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
    ]
