from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("trading", "0007_leverage")]
    operations = [LayTenantTables("trading")]
