import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0011_lay_tax"),
        ("kyc", "0008_lay_questionnaires"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.CreateModel(
            name="CategoryChange",
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
                (
                    "before",
                    models.CharField(
                        choices=[
                            ("retail", "Retail"),
                            ("professional", "Professional"),
                            ("eligible_counterparty", "Eligible counterparty"),
                        ],
                        max_length=22,
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("retail", "Retail"),
                            ("professional", "Professional"),
                            ("eligible_counterparty", "Eligible counterparty"),
                        ],
                        max_length=22,
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        choices=[
                            ("none", "Without a test"),
                            ("on_request", "On request"),
                            ("per_se", "Per se"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "shown",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("trades", "Ten large transactions a quarter over the last year"),
                                ("portfolio", "Financial instruments of more than 500,000 EUR"),
                                ("work", "A year in finance in a role that needs this knowledge"),
                                ("balance", "Balance sheet of 20,000,000 EUR or more"),
                                ("turnover", "Net turnover of 40,000,000 EUR or more"),
                                ("funds", "Own funds of 2,000,000 EUR or more"),
                                ("licensed", "Authorised or regulated to act in financial markets"),
                                (
                                    "state",
                                    "A government, a central bank or an international institution",
                                ),
                                (
                                    "investor",
                                    "An institutional investor whose main business is to invest",
                                ),
                            ],
                            max_length=10,
                        ),
                        default=list,
                        size=None,
                    ),
                ),
                ("evidence", models.JSONField(default=list)),
                ("reason", models.CharField(max_length=300)),
                ("asked_on", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Waits for a second person"),
                            ("set", "Set"),
                            ("refused", "Refused"),
                        ],
                        default="proposed",
                        max_length=8,
                    ),
                ),
                ("made_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("made_by_ref", models.CharField(max_length=80)),
                ("made_by", models.CharField(max_length=160)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, max_length=160)),
                (
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="category_changes",
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
                "indexes": [
                    models.Index(fields=["tenant", "client", "-id"], name="category_change_client")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "proposed")),
                        fields=("tenant", "client"),
                        name="category_change_one_open",
                    )
                ],
            },
        ),
    ]
