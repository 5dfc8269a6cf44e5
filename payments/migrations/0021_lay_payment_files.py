from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("payments", "0020_payment_files")]
    operations = [LayTenantTables("payments")]
