from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0001_initial"), ("core", "0001_runtime_role")]
    operations = [LayTenantTables("reconciliation")]
