from django.db import migrations

from backoffice.core.sql import sql_file
from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("privacy", "0001_initial"), ("workflow", "0005_redacted")]
    operations = [LayTenantTables("privacy"), sql_file(__file__, "erase")]
