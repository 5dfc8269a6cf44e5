import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import backoffice.core.context
import backoffice.core.ids
from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    dependencies = [
        ("reconciliation", "0008_lay_plane_runs"),
        ("tenancy", "0003_brand_and_networks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="break",
            options={
                "base_manager_name": "objects",
                "permissions": [
                    ("work_break", "Work on breaks"),
                    ("approve_adjustment", "Approve adjustments that close breaks"),
                    ("manage_limits", "Set how much may be written off, and approve it"),
                ],
            },
        ),
        migrations.AlterField(
            model_name="adjustment",
            name="kind",
            field=models.CharField(
                choices=[
                    ("unallocated", "Client money from someone unknown"),
                    ("sent_back", "Unallocated money sent back"),
                    ("bank_charge", "A charge of the bank"),
                    ("charge_on_payout", "The payout, and the bank's charge on it"),
                    ("interest", "Interest of the bank"),
                    ("own_transfer", "A transfer between our own accounts"),
                    ("write_off", "A small difference written off"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="break",
            name="state",
            field=models.CharField(
                choices=[
                    ("open", "Open"),
                    ("investigating", "Being looked into"),
                    ("proposed", "Adjustment waits for approval"),
                    ("resolved", "Resolved"),
                    ("accepted", "Written off"),
                ],
                default="open",
                max_length=14,
            ),
        ),
        migrations.CreateModel(
            name="HistoricalWriteOffPolicy",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_index=True, default=backoffice.core.ids.uuid7, editable=False
                    ),
                ),
                ("alone_max", models.DecimalField(decimal_places=2, default=5, max_digits=20)),
                ("top_max", models.DecimalField(decimal_places=2, default=500, max_digits=20)),
                ("roles", models.JSONField(default=dict)),
                ("proposed", models.JSONField(default=dict)),
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
                "verbose_name": "historical write off policy",
                "verbose_name_plural": "historical write off policys",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="WriteOffPolicy",
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
                ("alone_max", models.DecimalField(decimal_places=2, default=5, max_digits=20)),
                ("top_max", models.DecimalField(decimal_places=2, default=500, max_digits=20)),
                ("roles", models.JSONField(default=dict)),
                ("proposed", models.JSONField(default=dict)),
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
                "constraints": [
                    models.UniqueConstraint(fields=("tenant",), name="write_off_policy_one"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("alone_max__gte", 0), ("top_max__gte", models.F("alone_max"))
                        ),
                        name="write_off_policy_in_order",
                    ),
                ],
            },
        ),
    ]
