import django.db.models.deletion
import django.db.models.expressions
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant
import reconciliation.settlements.models
from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    dependencies = [
        ("payments", "0016_lay_chargebacks"),
        ("reconciliation", "0010_lay_write_offs"),
        ("tenancy", "0003_brand_and_networks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="break",
            name="kind",
            field=models.CharField(
                choices=[
                    ("unidentified_receipt", "Money from someone unknown"),
                    ("missing_in_ledger", "On the statement, not in the books"),
                    ("missing_in_statement", "In the books, not on the report"),
                    ("amount_diff", "Amounts differ"),
                    ("fee_diff", "Another fee than agreed"),
                    ("account_diff", "On another account of ours"),
                    ("currency_diff", "Currencies differ"),
                    ("status_diff", "Paid, but not approved or already failed"),
                    ("returned_payment", "A payment came back"),
                    ("duplicate_statement", "On two statements"),
                    ("ambiguous", "More than one could be meant"),
                    ("mt_balance_diff", "Trading balance and books differ"),
                    ("mt_unknown_deal", "A balance deal that we did not make"),
                    ("mt_missing_deal", "Our operation without its deal"),
                ],
                max_length=24,
            ),
        ),
        migrations.CreateModel(
            name="HistoricalSettlementTerms",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_index=True, default=backoffice.core.ids.uuid7, editable=False
                    ),
                ),
                ("currency", models.CharField(max_length=8)),
                ("percent", models.DecimalField(decimal_places=4, default=0, max_digits=7)),
                ("fixed", models.BigIntegerField(default=0)),
                ("tolerance", models.BigIntegerField(default=0)),
                (
                    "history_id",
                    models.UUIDField(
                        default=backoffice.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "gateway",
                    backoffice.core.tenant.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="payments.gatewayaccount",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        default=backoffice.core.context.tenant_in_scope,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical settlement terms",
                "verbose_name_plural": "historical settlement termss",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="SettlementReport",
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
                ("reference", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=200)),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("read", "Being matched"),
                            ("done", "Worked through"),
                            ("refused", "Refused"),
                        ],
                        default="received",
                        max_length=8,
                    ),
                ),
                ("problems", models.JSONField(default=list)),
                ("rows_seen", models.PositiveIntegerField(default=0)),
                ("rows_read", models.PositiveIntegerField(default=0)),
                ("rows_known", models.PositiveIntegerField(default=0)),
                ("rows_open", models.PositiveIntegerField(default=0)),
                ("costs_found", models.JSONField(default=dict)),
                ("by_rung", models.JSONField(default=dict)),
                ("from_date", models.DateField(null=True)),
                ("to_date", models.DateField(null=True)),
                ("received_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("received_by_ref", models.CharField(max_length=80)),
                ("received_by", models.CharField(max_length=160)),
                (
                    "gateway",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="payments.gatewayaccount",
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
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="SettlementLine",
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
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("payment", "Payment"),
                            ("refund", "Refund"),
                            ("sent", "Sent to a client"),
                            ("dispute", "Dispute"),
                            ("fee", "Fee of the gateway"),
                            ("payout", "Payout to our bank"),
                            ("other", "Other"),
                        ],
                        max_length=8,
                    ),
                ),
                ("transaction_ref", models.CharField(max_length=80)),
                ("source_ref", models.CharField(blank=True, max_length=80)),
                ("our_ref", models.CharField(blank=True, max_length=40)),
                ("in_text", models.BooleanField(default=False)),
                ("batch_ref", models.CharField(blank=True, max_length=80)),
                ("booked_on", models.DateField()),
                ("currency", models.CharField(max_length=8)),
                ("gross", models.BigIntegerField()),
                ("fee", models.BigIntegerField(default=0)),
                ("net", models.BigIntegerField()),
                ("text", models.CharField(blank=True, max_length=200)),
                (
                    "gateway",
                    reconciliation.settlements.models.BulkKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.gatewayaccount",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
                (
                    "report",
                    reconciliation.settlements.models.BulkKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="reconciliation.settlementreport",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="SettlementCost",
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
                ("currency", models.CharField(max_length=8)),
                ("amount", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Waits for approval"),
                            ("booked", "Booked"),
                            ("refused", "Refused"),
                        ],
                        default="proposed",
                        max_length=8,
                    ),
                ),
                ("journal_id", models.UUIDField(null=True)),
                ("proposed_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("proposed_by_ref", models.CharField(max_length=80)),
                ("proposed_by", models.CharField(max_length=160)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, max_length=160)),
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
                    "report",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="costs",
                        to="reconciliation.settlementreport",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="SettlementRun",
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
                ("currency", models.CharField(max_length=8)),
                ("rule", models.CharField(max_length=40)),
                ("began_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("ended_at", models.DateTimeField(null=True)),
                ("lines", models.PositiveIntegerField(default=0)),
                ("items", models.PositiveIntegerField(default=0)),
                ("by_rung", models.JSONField(default=dict)),
                ("breaks", models.PositiveIntegerField(default=0)),
                ("difference", models.BigIntegerField(default=0)),
                (
                    "gateway",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.gatewayaccount",
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
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="SettlementMatch",
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
                ("journal_id", models.UUIDField()),
                ("journal_line", models.IntegerField()),
                ("part", models.IntegerField(default=0)),
                ("share", models.IntegerField(default=0)),
                ("rung", models.PositiveSmallIntegerField()),
                ("difference", models.BigIntegerField(default=0)),
                (
                    "line",
                    reconciliation.settlements.models.BulkKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reconciliation.settlementline",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
                (
                    "run",
                    reconciliation.settlements.models.BulkKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reconciliation.settlementrun",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="SettlementTerms",
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
                ("currency", models.CharField(max_length=8)),
                ("percent", models.DecimalField(decimal_places=4, default=0, max_digits=7)),
                ("fixed", models.BigIntegerField(default=0)),
                ("tolerance", models.BigIntegerField(default=0)),
                (
                    "gateway",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="terms",
                        to="payments.gatewayaccount",
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
                "base_manager_name": "objects",
            },
        ),
        migrations.AddIndex(
            model_name="settlementreport",
            index=models.Index(fields=["tenant", "-id"], name="settlement_report_newest"),
        ),
        migrations.AddIndex(
            model_name="settlementreport",
            index=models.Index(
                fields=["tenant", "gateway", "state"], name="settlement_report_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementreport",
            constraint=models.UniqueConstraint(
                fields=("tenant", "sha256"), name="settlement_report_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementreport",
            constraint=models.UniqueConstraint(
                fields=("tenant", "reference"), name="settlement_report_ref"
            ),
        ),
        migrations.AddIndex(
            model_name="settlementline",
            index=models.Index(fields=["tenant", "report", "id"], name="settlement_line_report"),
        ),
        migrations.AddConstraint(
            model_name="settlementline",
            constraint=models.UniqueConstraint(
                fields=("tenant", "gateway", "transaction_ref"), name="settlement_line_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "net",
                        django.db.models.expressions.CombinedExpression(
                            models.F("gross"), "-", models.F("fee")
                        ),
                    )
                ),
                name="settlement_net",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementcost",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "proposed")),
                fields=("tenant", "report", "currency"),
                name="settlement_cost_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementcost",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="settlement_cost_above_zero"
            ),
        ),
        migrations.AddIndex(
            model_name="settlementrun",
            index=models.Index(fields=["tenant", "gateway", "-id"], name="settlement_run_newest"),
        ),
        migrations.AddIndex(
            model_name="settlementmatch",
            index=models.Index(
                condition=models.Q(("part__gt", 0)),
                fields=["tenant", "line"],
                name="settlement_match_more",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementmatch",
            constraint=models.UniqueConstraint(
                fields=("tenant", "journal_id", "journal_line", "share"),
                name="settlement_item_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementmatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("id", models.F("line_id")), ("part", 0)),
                    ("part__gt", 0),
                    _connector="OR",
                ),
                name="settlement_match_first",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementterms",
            constraint=models.UniqueConstraint(
                fields=("tenant", "gateway", "currency"), name="settlement_terms_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementterms",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fixed__gte", 0),
                    ("percent__gte", 0),
                    ("percent__lt", 100),
                    ("tolerance__gte", 0),
                ),
                name="settlement_terms_sane",
            ),
        ),
    ]
