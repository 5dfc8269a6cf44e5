from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # indexes of large tables, built while people work
    dependencies = [
        ("audit", "0004_signed_heads"),
        ("tenancy", "0002_lay_tables"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="auditentry",
            index=models.Index(fields=["tenant", "subject_label", "-id"], name="audit_label"),
        ),
    ]
