from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("privacy", "0003_retention_due")]
    operations = [LayTenantTables("privacy")]
