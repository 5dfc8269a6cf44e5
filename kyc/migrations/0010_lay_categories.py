from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("kyc", "0009_categories")]
    operations = [LayTenantTables("kyc")]
