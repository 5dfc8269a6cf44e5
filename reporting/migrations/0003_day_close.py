import datetime

import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant
from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    dependencies = [
        ("reporting", "0002_lay_tables"),
        ("tenancy", "0003_brand_and_networks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BooksCheck",
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
                        choices=[
                            ("asked", "Being verified"),
                            ("sound", "Verified"),
                            ("faulty", "Does not verify"),
                        ],
                        default="asked",
                        max_length=8,
                    ),
                ),
                ("asked_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("asked_by", models.CharField(max_length=160)),
                ("books_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("seconds", models.FloatField(default=0)),
                ("accounts", models.BigIntegerField(default=0)),
                ("journals", models.BigIntegerField(default=0)),
                ("lines", models.BigIntegerField(default=0)),
                ("faults", models.JSONField(default=list)),
            ],
            options={
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="BusinessDay",
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
                ("first_day", models.DateField()),
                ("ends_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("ready", "Ready to close"),
                            ("closing", "Waits for a second person"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("reasons", models.JSONField(default=dict)),
                ("asked_at", models.DateTimeField(null=True)),
                ("asked_by_ref", models.CharField(blank=True, max_length=80)),
                ("asked_by", models.CharField(blank=True, max_length=160)),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by_ref", models.CharField(blank=True, max_length=80)),
                ("closed_by", models.CharField(blank=True, max_length=160)),
                ("checklist", models.JSONField(default=list)),
                ("totals_sha256", models.CharField(blank=True, max_length=64)),
                ("content_sha256", models.CharField(blank=True, max_length=64)),
                ("audit_seq", models.BigIntegerField(default=0)),
                ("audit_head", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "permissions": [
                    ("close_day", "Work on the day close and ask for it"),
                    ("approve_close", "Approve the close of a day that someone else asked for"),
                ],
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="DayFile",
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
                            ("totals", "Totals of the books (CSV)"),
                            ("record", "Record of the close (PDF)"),
                        ],
                        max_length=10,
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.BigIntegerField()),
                ("made_at", models.DateTimeField(default=backoffice.core.clock.now)),
            ],
            options={
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="DayPolicy",
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
                    "cut_off",
                    models.TimeField(
                        default=datetime.time(10, 0), verbose_name="Cut-off, on the day after"
                    ),
                ),
                (
                    "weekends",
                    models.BooleanField(
                        default=False, verbose_name="Saturday and Sunday are business days"
                    ),
                ),
                (
                    "materiality",
                    models.DecimalField(
                        decimal_places=2,
                        default=10000,
                        max_digits=20,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="No break of more than",
                    ),
                ),
                (
                    "transit_days",
                    models.PositiveSmallIntegerField(
                        default=3,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(30),
                        ],
                        verbose_name="Money in transit is stale after days",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="DayTotal",
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
                ("code", models.CharField(max_length=120)),
                ("currency", models.CharField(max_length=8)),
                ("kind", models.CharField(max_length=10)),
                ("accounts", models.PositiveIntegerField()),
                ("debits", models.DecimalField(decimal_places=8, default=0, max_digits=30)),
                ("credits", models.DecimalField(decimal_places=8, default=0, max_digits=30)),
                ("balance", models.DecimalField(decimal_places=8, default=0, max_digits=30)),
                ("sha256", models.CharField(max_length=64)),
            ],
            options={
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="HistoricalDayPolicy",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_index=True, default=backoffice.core.ids.uuid7, editable=False
                    ),
                ),
                (
                    "cut_off",
                    models.TimeField(
                        default=datetime.time(10, 0), verbose_name="Cut-off, on the day after"
                    ),
                ),
                (
                    "weekends",
                    models.BooleanField(
                        default=False, verbose_name="Saturday and Sunday are business days"
                    ),
                ),
                (
                    "materiality",
                    models.DecimalField(
                        decimal_places=2,
                        default=10000,
                        max_digits=20,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="No break of more than",
                    ),
                ),
                (
                    "transit_days",
                    models.PositiveSmallIntegerField(
                        default=3,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(30),
                        ],
                        verbose_name="Money in transit is stale after days",
                    ),
                ),
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
            ],
            options={
                "verbose_name": "historical day policy",
                "verbose_name_plural": "historical day policys",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.RemoveConstraint(
            model_name="clientmoneyreport",
            name="client_money_signed",
        ),
        migrations.AddField(
            model_name="clientmoneyreport",
            name="books_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="clientmoneyreport",
            name="books_sha256",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddConstraint(
            model_name="clientmoneyreport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("signed_at__isnull", False), ("signed_by_ref__gt", "")),
                    models.Q(
                        models.Q(("state", "signed"), _negated=True),
                        ("signed_at__isnull", True),
                        ("signed_by_ref", ""),
                    ),
                    _connector="OR",
                ),
                name="client_money_signed",
            ),
        ),
        migrations.AddField(
            model_name="bookscheck",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                default=backoffice.core.context.tenant_in_scope,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddField(
            model_name="businessday",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                default=backoffice.core.context.tenant_in_scope,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddField(
            model_name="bookscheck",
            name="day",
            field=backoffice.core.tenant.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="book_checks",
                to="reporting.businessday",
            ),
        ),
        migrations.AddField(
            model_name="dayfile",
            name="day",
            field=backoffice.core.tenant.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="files",
                to="reporting.businessday",
            ),
        ),
        migrations.AddField(
            model_name="dayfile",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                default=backoffice.core.context.tenant_in_scope,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddField(
            model_name="daypolicy",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                default=backoffice.core.context.tenant_in_scope,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddField(
            model_name="daytotal",
            name="day",
            field=backoffice.core.tenant.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="totals",
                to="reporting.businessday",
            ),
        ),
        migrations.AddField(
            model_name="daytotal",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                default=backoffice.core.context.tenant_in_scope,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddField(
            model_name="historicaldaypolicy",
            name="history_user",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicaldaypolicy",
            name="tenant",
            field=models.ForeignKey(
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
        migrations.AddConstraint(
            model_name="businessday",
            constraint=models.UniqueConstraint(fields=("tenant", "day"), name="business_day_once"),
        ),
        migrations.AddConstraint(
            model_name="businessday",
            constraint=models.CheckConstraint(
                condition=models.Q(("first_day__lte", models.F("day"))),
                name="business_day_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="businessday",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_by_ref", ""),
                    models.Q(("closed_by_ref", models.F("asked_by_ref")), _negated=True),
                    _connector="OR",
                ),
                name="business_day_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            model_name="businessday",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("asked_by_ref__gt", ""),
                        ("closed_at__isnull", False),
                        ("closed_by_ref__gt", ""),
                        ("state", "closed"),
                        ("totals_sha256__gt", ""),
                    ),
                    models.Q(
                        models.Q(("state", "closed"), _negated=True),
                        ("closed_at__isnull", True),
                        ("closed_by_ref", ""),
                    ),
                    _connector="OR",
                ),
                name="business_day_closed",
            ),
        ),
        migrations.AddIndex(
            model_name="bookscheck",
            index=models.Index(fields=["tenant", "day", "-id"], name="books_check_last"),
        ),
        migrations.AddConstraint(
            model_name="dayfile",
            constraint=models.UniqueConstraint(
                fields=("tenant", "day", "kind"), name="day_file_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="daypolicy",
            constraint=models.UniqueConstraint(fields=("tenant",), name="day_policy_one"),
        ),
        migrations.AddConstraint(
            model_name="daypolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("materiality__gte", 0), ("transit_days__gte", 1)),
                name="day_policy_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="daytotal",
            constraint=models.UniqueConstraint(
                fields=("tenant", "day", "code", "currency"), name="day_total_once"
            ),
        ),
    ]
