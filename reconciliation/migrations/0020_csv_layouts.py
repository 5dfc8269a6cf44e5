import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0019_credit_breaks"),
        ("tenancy", "0003_brand_and_networks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="statementfile",
            name="columns",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AlterField(
            model_name="statementfile",
            name="state",
            field=models.CharField(
                choices=[
                    ("received", "Received"),
                    ("mapping", "Columns to choose"),
                    ("read", "Being matched"),
                    ("done", "Worked through"),
                    ("refused", "Refused"),
                ],
                default="received",
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="HistoricalCsvLayout",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_index=True, default=backoffice.core.ids.uuid7, editable=False
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("columns", models.JSONField()),
                ("headings", models.JSONField(blank=True, default=list)),
                ("saved_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("saved_by_ref", models.CharField(max_length=80)),
                ("saved_by", models.CharField(max_length=160)),
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
                "verbose_name": "historical csv layout",
                "verbose_name_plural": "historical csv layouts",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="CsvLayout",
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
                ("name", models.CharField(max_length=80)),
                ("columns", models.JSONField()),
                ("headings", models.JSONField(blank=True, default=list)),
                ("saved_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("saved_by_ref", models.CharField(max_length=80)),
                ("saved_by", models.CharField(max_length=160)),
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
                    models.UniqueConstraint(fields=("tenant", "name"), name="csv_layout_name")
                ],
            },
        ),
    ]
