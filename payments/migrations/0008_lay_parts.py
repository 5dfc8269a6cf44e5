from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("payments", "0007_parts_and_policy")]
    operations = [LayTenantTables("payments")]
