import django.db.models.deletion
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    dependencies = [
        ("reconciliation", "0006_file_worked_through"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlaneRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=backoffice.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("ran_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("booked", models.PositiveIntegerField()),
                ("refused", models.JSONField(default=list)),
                ("differing", models.PositiveIntegerField()),
                ("settled", models.PositiveIntegerField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        default=backoffice.core.context.tenant_in_scope,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["tenant", "-day"], name="plane_run_day")],
            },
        ),
    ]
