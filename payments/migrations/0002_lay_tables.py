from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0001_initial"),
        ("trading", "0002_deals"),
        ("clients", "0002_lay_tables"),
    ]
    operations = [LayTenantTables("payments")]
