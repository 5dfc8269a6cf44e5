from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("portal", "0005_batches")]
    operations = [LayTenantTables("portal")]
