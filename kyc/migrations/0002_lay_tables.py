from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables, append_only_sql


class Migration(migrations.Migration):
    dependencies = [("kyc", "0001_initial"), ("clients", "0002_lay_tables")]
    operations = [
        LayTenantTables("kyc"),
        migrations.RunSQL(append_only_sql("kyc_documentdecision"), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_sql("kyc_riskrating"), migrations.RunSQL.noop),
    ]
