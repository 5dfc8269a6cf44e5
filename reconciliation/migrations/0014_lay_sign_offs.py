from django.db import migrations

from backoffice.core.sql import sql_file
from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0013_sign_offs")]
    operations = [LayTenantTables("reconciliation"), sql_file(__file__, "signed")]
