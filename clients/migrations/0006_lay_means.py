from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables, append_only_sql


class Migration(migrations.Migration):
    dependencies = [("clients", "0005_means")]
    operations = [
        LayTenantTables("clients"),
        migrations.RunSQL(append_only_sql("clients_means"), migrations.RunSQL.noop),
    ]
