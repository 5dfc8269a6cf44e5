from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0017_pickups")]
    operations = [LayTenantTables("reconciliation")]
