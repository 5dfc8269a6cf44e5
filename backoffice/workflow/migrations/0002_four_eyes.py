from django.db import migrations

from backoffice.core.sql import sql_file
from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("workflow", "0001_initial")]
    operations = [LayTenantTables("workflow"), sql_file(__file__, "four_eyes")]
