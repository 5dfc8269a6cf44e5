import django.db.models.deletion
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0011_lay_tax"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.CreateModel(
            name="Look",
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
                ("user_ref", models.CharField(max_length=80)),
                ("user_name", models.CharField(max_length=160)),
                ("day", models.DateField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("page", "Client page"),
                            ("full", "Unmasked data"),
                            ("document", "Documents"),
                            ("export", "All that is held, as a file"),
                        ],
                        max_length=8,
                    ),
                ),
                ("times", models.PositiveIntegerField(default=1)),
                ("last_at", models.DateTimeField(default=backoffice.core.clock.now)),
                (
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="looks",
                        to="clients.client",
                    ),
                ),
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
                "indexes": [models.Index(fields=["tenant", "day", "user_ref"], name="look_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "client", "day", "user_ref", "kind"),
                        name="look_once_a_day",
                    )
                ],
            },
        ),
    ]
