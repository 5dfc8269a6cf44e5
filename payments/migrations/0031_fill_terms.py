from django.db import migrations

from backoffice.core.sql import sql_file


class Migration(migrations.Migration):
    dependencies = [("payments", "0030_method_terms")]
    operations = [sql_file(__file__, "terms")]
