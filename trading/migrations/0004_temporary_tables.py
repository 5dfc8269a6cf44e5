from django.db import migrations

from backoffice.core.sql import sql_file


class Migration(migrations.Migration):
    dependencies = [("trading", "0003_sync_and_changes"), ("core", "0001_runtime_role")]
    operations = [sql_file(__file__, "temporary")]
