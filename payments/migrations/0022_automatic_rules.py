import django.db.models.deletion
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant
from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    dependencies = [
        ("clients", "0004_list_indexes"),
        ("payments", "0021_lay_payment_files"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="historicalmethod",
            name="automatic_withdrawal_max",
        ),
        migrations.RemoveField(
            model_name="method",
            name="automatic_withdrawal_max",
        ),
        migrations.AddField(
            model_name="historicalwithdrawalpolicy",
            name="automatic",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="historicalwithdrawalpolicy",
            name="automatic_set_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="historicalwithdrawalpolicy",
            name="automatic_set_by",
            field=models.CharField(blank=True, max_length=160),
        ),
        migrations.AddField(
            model_name="withdrawalpolicy",
            name="automatic",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="withdrawalpolicy",
            name="automatic_set_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="withdrawalpolicy",
            name="automatic_set_by",
            field=models.CharField(blank=True, max_length=160),
        ),
        migrations.CreateModel(
            name="DryRun",
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
                ("days", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Running"), ("done", "Done")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("asked_by_ref", models.CharField(max_length=80)),
                ("asked_by", models.CharField(max_length=160)),
                ("created_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("done_at", models.DateTimeField(null=True)),
                ("result", models.JSONField(default=dict)),
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
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="RuleVersion",
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
                ("rules", models.JSONField()),
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
                ("created_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("active_from", models.DateTimeField(null=True)),
                ("active_until", models.DateTimeField(null=True)),
                (
                    "evidence",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.dryrun",
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
                "permissions": [
                    ("manage_rules", "Write, propose and switch on rules of automatic approval"),
                    ("stop_automatic", "Switch automatic approval off"),
                ],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="RuleDecision",
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
                ("rule", models.CharField(blank=True, max_length=60)),
                ("approves", models.BooleanField()),
                (
                    "amount_base",
                    models.DecimalField(blank=True, decimal_places=8, max_digits=28, null=True),
                ),
                ("why", models.CharField(max_length=300)),
                ("facts", models.JSONField()),
                ("conditions", models.JSONField()),
                ("at", models.DateTimeField(default=backoffice.core.clock.now)),
                (
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
                    "withdrawal",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rule_decisions",
                        to="payments.withdrawal",
                    ),
                ),
                (
                    "version",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="payments.ruleversion",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="dryrun",
            name="version",
            field=backoffice.core.tenant.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="dry_runs",
                to="payments.ruleversion",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.UniqueConstraint(
                fields=("tenant", "number"), name="rule_version_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "active")),
                fields=("tenant",),
                name="rule_version_one_active",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "proposed")),
                fields=("tenant",),
                name="rule_version_one_proposed",
            ),
        ),
        migrations.AddIndex(
            model_name="ruledecision",
            index=models.Index(fields=["tenant", "withdrawal"], name="rule_decision_withdrawal"),
        ),
        migrations.AddIndex(
            model_name="ruledecision",
            index=models.Index(
                condition=models.Q(("approves", True)),
                fields=["tenant", "at"],
                name="rule_decision_approved",
            ),
        ),
        migrations.AddIndex(
            model_name="dryrun",
            index=models.Index(fields=["tenant", "version", "-id"], name="dry_run_version"),
        ),
        migrations.AddConstraint(
            model_name="dryrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("done_at__isnull", True), ("state", "waiting")),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True), ("done_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="dry_run_done_at",
            ),
        ),
    ]
