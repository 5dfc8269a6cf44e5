from django.db import migrations

from backoffice.core.sql import sql_file
from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [
        ("ib", "0001_initial"),
        ("trading", "0002_deals"),
        ("core", "0001_runtime_role"),
    ]
    operations = [LayTenantTables("ib"), sql_file(__file__, "guards")]
