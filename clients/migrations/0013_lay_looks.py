from django.db import migrations

from backoffice.core.tenant_tables import RUNTIME_ROLE, LayTenantTables

# A look is counted up and never taken back.
KEEP = f"REVOKE DELETE, TRUNCATE ON clients_look FROM {RUNTIME_ROLE}"


class Migration(migrations.Migration):
    dependencies = [("clients", "0012_looks")]
    operations = [
        LayTenantTables("clients"),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
    ]
