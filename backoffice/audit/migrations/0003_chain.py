from django.db import migrations

from backoffice.core.sql import sql_file
from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_initial"), ("core", "0001_runtime_role")]
    operations = [LayTenantTables("audit"), sql_file(__file__, "chain")]
