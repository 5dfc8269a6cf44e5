from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # indexes of large tables, built while people work
    dependencies = [
        ("clients", "0004_list_indexes"),
        ("kyc", "0002_lay_tables"),
        ("tenancy", "0002_lay_tables"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="kyccase",
            index=models.Index(fields=["tenant", "level", "-id"], name="kyc_by_level"),
        ),
    ]
