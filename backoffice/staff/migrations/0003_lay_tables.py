from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("staff", "0002_initial")]
    operations = [LayTenantTables("staff")]
