from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    atomic = False  # indexes of large tables, built while people work
    dependencies = [
        ("clients", "0003_restriction_once_per_rule"),
        ("tenancy", "0002_lay_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="client",
            index=models.Index(fields=["tenant", "residence", "-id"], name="client_residence"),
        ),
        AddIndexConcurrently(
            model_name="client",
            index=models.Index(fields=["tenant", "risk_band", "-id"], name="client_risk"),
        ),
        AddIndexConcurrently(
            model_name="client",
            index=models.Index(fields=["tenant", "level", "-id"], name="client_level"),
        ),
        AddIndexConcurrently(
            model_name="client",
            index=models.Index(fields=["tenant", "kind", "-id"], name="client_kind"),
        ),
        AddIndexConcurrently(
            model_name="client",
            index=models.Index(
                condition=models.Q(("manager__isnull", False)),
                fields=["tenant", "manager", "-id"],
                name="client_manager",
            ),
        ),
    ]
