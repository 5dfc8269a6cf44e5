from django.db import migrations

from backoffice.core.sql import sql_file


class Migration(migrations.Migration):
    dependencies = [("workflow", "0004_queue_right")]
    operations = [sql_file(__file__, "redacted")]
