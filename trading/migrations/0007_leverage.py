import django.db.models.deletion
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0003_brand_and_networks"),
        ("trading", "0006_deal_filters"),
    ]

    operations = [
        migrations.CreateModel(
            name="LeverageBreach",
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
                ("leverage", models.PositiveIntegerField()),
                ("cap", models.PositiveIntegerField()),
                ("why", models.CharField(max_length=200)),
                ("found_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "account",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leverage_breaches",
                        to="trading.account",
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
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["tenant", "-id"],
                        name="leverage_breach_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("tenant", "account"),
                        name="leverage_breach_one_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LeverageControl",
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
                ("at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("accounts", models.PositiveIntegerField()),
                ("above", models.PositiveIntegerField()),
                ("by", models.CharField(max_length=160)),
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
                "indexes": [models.Index(fields=["tenant", "-id"], name="leverage_control")],
            },
        ),
        migrations.CreateModel(
            name="LeverageTable",
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
                ("number", models.PositiveIntegerField()),
                ("content", models.JSONField()),
                ("note", models.CharField(blank=True, max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("proposed", "Waits for a second person"),
                            ("active", "In force"),
                            ("refused", "Refused"),
                            ("retired", "Replaced"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("made_by_ref", models.CharField(max_length=80)),
                ("made_by", models.CharField(max_length=160)),
                ("made_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("active_from", models.DateTimeField(null=True)),
                ("active_until", models.DateTimeField(null=True)),
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
                "permissions": [("manage_leverage", "Write tables of leverage caps")],
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "number"), name="leverage_table_number"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "active")),
                        fields=("tenant",),
                        name="leverage_table_one_active",
                    ),
                ],
            },
        ),
    ]
