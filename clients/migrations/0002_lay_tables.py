from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables, append_only_sql


class Migration(migrations.Migration):
    dependencies = [("clients", "0001_initial"), ("core", "0001_runtime_role")]
    operations = [
        LayTenantTables("clients"),
        migrations.RunSQL(append_only_sql("clients_note"), migrations.RunSQL.noop),
    ]
