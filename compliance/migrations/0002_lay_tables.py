from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [("compliance", "0001_initial"), ("core", "0001_runtime_role")]
    operations = [LayTenantTables("compliance")]
