from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import models

from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    atomic = False  # indexes of large tables, built while people work
    dependencies = [
        ("clients", "0004_list_indexes"),
        ("tenancy", "0002_lay_tables"),
        ("trading", "0004_temporary_tables"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="account",
            index=models.Index(fields=["tenant", "group", "-id"], name="account_group"),
        ),
        AddIndexConcurrently(
            model_name="account",
            index=models.Index(fields=["tenant", "currency", "-id"], name="account_currency"),
        ),
    ]
