from django.db import migrations

from backoffice.core.sql import sql_file
from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("payments", "0022_automatic_rules")]
    operations = [LayTenantTables("payments"), sql_file(__file__, "rules")]
