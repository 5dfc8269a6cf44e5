from django.db import migrations

from backoffice.core.sql import sql_file
from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0001_initial"),
        ("clients", "0002_lay_tables"),
        ("core", "0001_runtime_role"),
    ]
    operations = [sql_file(__file__, "deals"), LayTenantTables("trading")]
