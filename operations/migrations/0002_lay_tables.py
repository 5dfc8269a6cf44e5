from django.db import migrations

from backoffice.core.sql import sql_file
from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("operations", "0001_initial")]
    operations = [LayTenantTables("operations"), sql_file(__file__, "append_only")]
