import django.db.models.deletion
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant
from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    dependencies = [
        ("reconciliation", "0012_lay_settlements"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignOff",
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
                ("code", models.CharField(max_length=120)),
                ("currency", models.CharField(max_length=8)),
                ("label", models.CharField(max_length=80)),
                ("opening", models.DecimalField(decimal_places=8, max_digits=28, null=True)),
                ("closing", models.DecimalField(decimal_places=8, max_digits=28, null=True)),
                ("ledger_opening", models.DecimalField(decimal_places=8, max_digits=28)),
                ("ledger_closing", models.DecimalField(decimal_places=8, max_digits=28)),
                ("lines", models.PositiveIntegerField()),
                ("matched", models.PositiveIntegerField()),
                ("unmatched", models.PositiveIntegerField()),
                ("booked", models.PositiveIntegerField()),
                ("breaks", models.JSONField(default=list)),
                ("statement_sha256", models.CharField(blank=True, max_length=64)),
                ("ledger_sha256", models.CharField(blank=True, max_length=64)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("signed_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("signed_by_ref", models.CharField(max_length=80)),
                ("signed_by", models.CharField(max_length=160)),
                (
                    "replaces",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="reconciliation.signoff",
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
                "permissions": [("sign_account", "Sign accounts off, day by day")],
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("replaces__isnull", True)),
                        fields=("tenant", "day", "code", "currency"),
                        name="sign_off_first",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("replaces__isnull", False)),
                        fields=("tenant", "replaces"),
                        name="sign_off_replaced_once",
                    ),
                ],
            },
        ),
    ]
