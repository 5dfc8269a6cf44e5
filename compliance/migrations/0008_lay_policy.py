from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("compliance", "0007_policy")]
    operations = [LayTenantTables("compliance")]
