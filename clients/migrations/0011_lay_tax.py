from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables, append_only_sql


class Migration(migrations.Migration):
    dependencies = [("clients", "0010_tax")]
    operations = [
        LayTenantTables("clients"),
        *(
            migrations.RunSQL(append_only_sql(table), migrations.RunSQL.noop)
            for table in ("clients_taxcertification", "clients_taxresidence")
        ),
    ]
