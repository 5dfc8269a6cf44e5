import django.db.models.deletion
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant
from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    dependencies = [
        ("reconciliation", "0003_line_of_statement"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.AlterField(
            model_name="break",
            name="kind",
            field=models.CharField(
                choices=[
                    ("unidentified_receipt", "Money from someone unknown"),
                    ("missing_in_ledger", "On the statement, not in the books"),
                    ("amount_diff", "Amounts differ"),
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
            name="Adjustment",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("unallocated", "Client money from someone unknown"),
                            ("sent_back", "Unallocated money sent back"),
                            ("bank_charge", "A charge of the bank"),
                            ("charge_on_payout", "The payout, and the bank's charge on it"),
                            ("interest", "Interest of the bank"),
                            ("own_transfer", "A transfer between our own accounts"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Waits for approval"),
                            ("booked", "Booked"),
                            ("refused", "Refused"),
                            ("taken_back", "Taken back"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("debit", models.CharField(max_length=120)),
                ("credit", models.CharField(max_length=120)),
                ("amount", models.DecimalField(decimal_places=8, max_digits=28)),
                ("currency", models.CharField(max_length=8)),
                ("reason", models.CharField(max_length=300)),
                ("journal_id", models.UUIDField(null=True)),
                ("proposed_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("proposed_by_ref", models.CharField(max_length=80)),
                ("proposed_by", models.CharField(max_length=160)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, max_length=160)),
                (
                    "of_break",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjustments",
                        to="reconciliation.break",
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
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["proposed", "booked"])),
                        fields=("tenant", "of_break"),
                        name="adjustment_one_standing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="adjustment_above_zero"
                    ),
                ],
            },
        ),
    ]
