from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0020_csv_layouts")]
    operations = [LayTenantTables("reconciliation")]
