import django.db.models.deletion
from django.db import migrations, models

import ledger.models
from backoffice.core.sql import sql_file
from backoffice.core.tenant_tables import LayTenantTables


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0001_initial"),
        ("audit", "0003_chain"),
        ("core", "0001_runtime_role"),
    ]
    operations = [
        LayTenantTables("ledger"),
        sql_file(__file__, "tables"),
        # Partitioned, keyed by more than an id: these two tables stand in sql/tables.sql.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Idempotency",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "tenant_id",
                                "key",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("key", models.CharField(max_length=120)),
                        ("request_hash", models.BinaryField()),
                        ("response_ref", models.UUIDField()),
                        ("created_at", models.DateTimeField()),
                        (
                            "tenant",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenancy.tenant",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "base_manager_name": "objects",
                    },
                ),
                migrations.CreateModel(
                    name="Transfer",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "tenant_id",
                                "journal_id",
                                "line",
                                "created_at",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("line", models.IntegerField()),
                        ("currency", models.CharField(max_length=8)),
                        ("amount", models.BigIntegerField()),
                        ("code", models.CharField(max_length=40)),
                        ("effective_at", models.DateTimeField()),
                        ("created_at", models.DateTimeField()),
                        ("debit_version", models.BigIntegerField()),
                        ("credit_version", models.BigIntegerField()),
                        ("debit_balance", models.BigIntegerField()),
                        ("credit_balance", models.BigIntegerField()),
                        ("ahead", models.BooleanField(default=False)),
                        (
                            "credit_account",
                            ledger.models.AccountKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="ledger.account",
                            ),
                        ),
                        (
                            "debit_account",
                            ledger.models.AccountKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="ledger.account",
                            ),
                        ),
                        (
                            "hold",
                            ledger.models.KernelKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="transfers",
                                to="ledger.hold",
                            ),
                        ),
                        (
                            "journal",
                            ledger.models.KernelKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="transfers",
                                to="ledger.journal",
                            ),
                        ),
                        (
                            "tenant",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenancy.tenant",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "base_manager_name": "objects",
                    },
                ),
            ]
        ),
        sql_file(__file__, "post"),
        sql_file(__file__, "batch"),
        sql_file(__file__, "holds"),
        sql_file(__file__, "accounts"),
        sql_file(__file__, "days"),
        sql_file(__file__, "seal"),
        sql_file(__file__, "verify"),
    ]
