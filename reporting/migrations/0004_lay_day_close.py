from django.db import migrations

from backoffice.core.sql import sql_file
from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("reporting", "0003_day_close")]
    operations = [LayTenantTables("reporting"), sql_file(__file__, "closed_days")]
