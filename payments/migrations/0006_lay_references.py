from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_return_operation")]
    operations = [LayTenantTables("payments")]
