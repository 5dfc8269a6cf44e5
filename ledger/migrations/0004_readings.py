"""Readings of house accounts by value date, planned once for each connection."""

from django.db import migrations

from backoffice.core.sql import sql_file


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_late_lines")]

    operations = [sql_file(__file__, "readings")]
