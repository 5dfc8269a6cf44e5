import django.db.models.deletion
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant
from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    dependencies = [
        ("clients", "0007_risk"),
        ("compliance", "0008_lay_policy"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.CreateModel(
            name="RiskModel",
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
                ("figures", models.JSONField()),
                ("note", models.CharField(max_length=200)),
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
                "permissions": [("manage_risk", "Write versions of the risk model")],
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="RiskTrial",
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
                    "state",
                    models.CharField(
                        choices=[("waiting", "Being made"), ("done", "Done")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("result", models.JSONField(default=dict)),
                ("asked_by_ref", models.CharField(max_length=80)),
                ("asked_by", models.CharField(max_length=160)),
                ("asked_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "model",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="trials",
                        to="compliance.riskmodel",
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
            },
        ),
        migrations.AddField(
            model_name="riskmodel",
            name="evidence",
            field=backoffice.core.tenant.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="compliance.risktrial",
            ),
        ),
        migrations.CreateModel(
            name="RiskAssessment",
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
                ("score", models.PositiveSmallIntegerField()),
                (
                    "band",
                    models.CharField(
                        choices=[
                            ("low", "Low"),
                            ("medium", "Medium"),
                            ("high", "High"),
                            ("prohibited", "Prohibited"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "was",
                    models.CharField(
                        choices=[
                            ("low", "Low"),
                            ("medium", "Medium"),
                            ("high", "High"),
                            ("prohibited", "Prohibited"),
                        ],
                        max_length=10,
                    ),
                ),
                ("lines", models.JSONField()),
                ("floors", models.JSONField(default=list)),
                ("why", models.CharField(max_length=80)),
                ("at", models.DateTimeField(default=backoffice.core.clock.now)),
                (
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assessments",
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
                (
                    "model",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="compliance.riskmodel",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant", "client", "-id"], name="assessment_client")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("score__lte", 100)), name="assessment_score"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="risktrial",
            index=models.Index(fields=["tenant", "model", "-id"], name="risk_trial"),
        ),
        migrations.AddConstraint(
            model_name="riskmodel",
            constraint=models.UniqueConstraint(
                fields=("tenant", "number"), name="risk_model_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="riskmodel",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "active")),
                fields=("tenant",),
                name="risk_model_one_active",
            ),
        ),
    ]
