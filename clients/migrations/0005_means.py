import django.contrib.postgres.fields
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
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.CreateModel(
            name="Means",
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
                    "occupation",
                    models.CharField(
                        choices=[
                            ("employee", "Employee"),
                            ("self_employed", "Self-employed"),
                            ("owner", "Business owner"),
                            ("cash_business", "Owner of a cash business"),
                            ("public_official", "Public official"),
                            ("legal_or_tax", "Lawyer, notary or accountant"),
                            ("finance", "Works in finance"),
                            ("crypto_or_gambling", "Crypto assets or gambling"),
                            ("student", "Student"),
                            ("retired", "Retired"),
                            ("not_working", "Not working"),
                        ],
                        max_length=20,
                    ),
                ),
                ("employer", models.CharField(blank=True, max_length=120)),
                ("currency", models.CharField(max_length=8)),
                ("income", models.DecimalField(decimal_places=2, max_digits=20)),
                ("wealth", models.DecimalField(decimal_places=2, max_digits=20)),
                ("deposits", models.DecimalField(decimal_places=2, max_digits=20)),
                (
                    "sources",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("salary", "Salary"),
                                ("business", "Business income"),
                                ("savings", "Savings"),
                                ("investments", "Investments"),
                                ("property", "Sale of property"),
                                ("inheritance", "Inheritance or gift"),
                                ("pension", "Pension"),
                                ("loan", "Loan"),
                                ("crypto", "Crypto assets"),
                            ],
                            max_length=12,
                        ),
                        size=None,
                    ),
                ),
                ("purpose", models.CharField(blank=True, max_length=300)),
                ("declared_on", models.DateField()),
                ("recorded_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("recorded_by_ref", models.CharField(max_length=80)),
                ("recorded_by", models.CharField(max_length=160)),
                (
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="means",
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
                "indexes": [models.Index(fields=["tenant", "client", "-id"], name="means_client")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("deposits__gte", 0), ("income__gte", 0), ("wealth__gte", 0)
                        ),
                        name="means_amounts",
                    )
                ],
            },
        ),
    ]
