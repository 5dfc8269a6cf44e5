from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index of a large table, built while people work
    dependencies = [
        ("reconciliation", "0002_lay_tables"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="statementline",
            index=models.Index(fields=["tenant", "statement", "id"], name="line_of_statement"),
        ),
    ]
