import django.contrib.postgres.fields
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
        ("clients", "0007_risk"),
        ("tenancy", "0003_brand_and_networks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="client",
            name="flags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("listed", "Listed on a regulated market"),
                        ("shell", "Shell company"),
                        ("bearer", "Bearer shares"),
                    ],
                    max_length=10,
                ),
                blank=True,
                default=list,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="historicalclient",
            name="flags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("listed", "Listed on a regulated market"),
                        ("shell", "Shell company"),
                        ("bearer", "Bearer shares"),
                    ],
                    max_length=10,
                ),
                blank=True,
                default=list,
                size=None,
            ),
        ),
        migrations.CreateModel(
            name="HistoricalParty",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_index=True, default=backoffice.core.ids.uuid7, editable=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("person", "Person"), ("company", "Company")], max_length=10
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "To be cleared"),
                            ("cleared", "Cleared"),
                            ("refused", "Refused"),
                            ("ended", "Ended"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=80)),
                ("last_name", models.CharField(blank=True, max_length=80)),
                ("company_name", models.CharField(blank=True, max_length=160)),
                ("birth_date", models.DateField(blank=True, null=True)),
                ("nationality", models.CharField(blank=True, max_length=2)),
                ("residence", models.CharField(blank=True, max_length=2)),
                ("registration_number", models.CharField(blank=True, max_length=40)),
                ("politically_exposed", models.BooleanField(default=False)),
                (
                    "flags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("listed", "Listed on a regulated market"),
                                ("shell", "Shell company"),
                                ("bearer", "Bearer shares"),
                            ],
                            max_length=10,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by_ref", models.CharField(blank=True, max_length=80)),
                ("decided_by", models.CharField(blank=True, max_length=160)),
                ("decision_reason", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("created_by_ref", models.CharField(max_length=80)),
                ("created_by", models.CharField(max_length=160)),
                ("ended_on", models.DateField(null=True)),
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
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="clients.client",
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
                "verbose_name": "historical party",
                "verbose_name_plural": "historical parties",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Party",
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
                        choices=[("person", "Person"), ("company", "Company")], max_length=10
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "To be cleared"),
                            ("cleared", "Cleared"),
                            ("refused", "Refused"),
                            ("ended", "Ended"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=80)),
                ("last_name", models.CharField(blank=True, max_length=80)),
                ("company_name", models.CharField(blank=True, max_length=160)),
                ("birth_date", models.DateField(blank=True, null=True)),
                ("nationality", models.CharField(blank=True, max_length=2)),
                ("residence", models.CharField(blank=True, max_length=2)),
                ("registration_number", models.CharField(blank=True, max_length=40)),
                ("politically_exposed", models.BooleanField(default=False)),
                (
                    "flags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("listed", "Listed on a regulated market"),
                                ("shell", "Shell company"),
                                ("bearer", "Bearer shares"),
                            ],
                            max_length=10,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by_ref", models.CharField(blank=True, max_length=80)),
                ("decided_by", models.CharField(blank=True, max_length=160)),
                ("decision_reason", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("created_by_ref", models.CharField(max_length=80)),
                ("created_by", models.CharField(max_length=160)),
                ("ended_on", models.DateField(null=True)),
                (
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parties",
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
                "verbose_name_plural": "parties",
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="clientdocument",
            name="party",
            field=backoffice.core.tenant.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="documents",
                to="clients.party",
            ),
        ),
        migrations.CreateModel(
            name="Tie",
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
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner"),
                            ("director", "Director"),
                            ("signatory", "Signatory"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "percent",
                    models.DecimalField(blank=True, decimal_places=4, max_digits=7, null=True),
                ),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(null=True)),
                ("added_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("added_by_ref", models.CharField(max_length=80)),
                ("added_by", models.CharField(max_length=160)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by_ref", models.CharField(blank=True, max_length=80)),
                ("ended_by", models.CharField(blank=True, max_length=160)),
                ("end_reason", models.CharField(blank=True, max_length=300)),
                (
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ties",
                        to="clients.client",
                    ),
                ),
                (
                    "evidence",
                    backoffice.core.tenant.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clients.clientdocument",
                    ),
                ),
                (
                    "of",
                    backoffice.core.tenant.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="owned_by",
                        to="clients.party",
                    ),
                ),
                (
                    "party",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ties",
                        to="clients.party",
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
        migrations.AddIndex(
            model_name="party",
            index=models.Index(fields=["tenant", "client", "id"], name="party_client"),
        ),
        migrations.AddConstraint(
            model_name="party",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("company_name__gt", ""), ("kind", "company"), ("last_name", "")),
                    models.Q(("company_name", ""), ("kind", "person"), ("last_name__gt", "")),
                    _connector="OR",
                ),
                name="party_has_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="party",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_on__isnull", False), ("state", "ended")),
                    models.Q(
                        models.Q(("state", "ended"), _negated=True), ("ended_on__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="party_ended",
            ),
        ),
        migrations.AddIndex(
            model_name="tie",
            index=models.Index(fields=["tenant", "client", "id"], name="tie_client"),
        ),
        migrations.AddConstraint(
            model_name="tie",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until_on__isnull", True)),
                fields=("tenant", "party", "role", "of"),
                name="tie_stands_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="tie",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("percent__gt", 0), ("percent__lte", 100), ("role", "owner")),
                    models.Q(
                        models.Q(("role", "owner"), _negated=True),
                        ("of__isnull", True),
                        ("percent__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="tie_percent",
            ),
        ),
        migrations.AddConstraint(
            model_name="tie",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("of__isnull", True),
                    models.Q(("of", models.F("party")), _negated=True),
                    _connector="OR",
                ),
                name="tie_of_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="tie",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until_on__isnull", True),
                    ("until_on__gte", models.F("from_on")),
                    _connector="OR",
                ),
                name="tie_period",
            ),
        ),
    ]
