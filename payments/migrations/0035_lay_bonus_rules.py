from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("payments", "0034_bonus_rules")]
    operations = [LayTenantTables("payments")]
