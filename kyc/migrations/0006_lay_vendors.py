from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("kyc", "0005_vendors")]
    operations = [LayTenantTables("kyc")]
