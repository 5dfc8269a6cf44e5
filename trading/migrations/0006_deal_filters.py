from django.db import migrations

from backoffice.core.sql import sql_file


class Migration(migrations.Migration):
    # Not concurrently: PostgreSQL builds no index of a partitioned table that way.
    dependencies = [("trading", "0005_list_indexes")]
    operations = [sql_file(__file__, "deal_filters")]
