import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant


class Migration(migrations.Migration):
    dependencies = [
        ("kyc", "0004_prepare_case"),
        ("tenancy", "0003_brand_and_networks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalVendorAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_index=True, default=backoffice.core.ids.uuid7, editable=False
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=60)),
                ("base_url", models.CharField(max_length=200)),
                ("key_id", models.CharField(blank=True, max_length=120)),
                ("template", models.CharField(blank=True, max_length=120)),
                ("previous_secret_until", models.DateTimeField(null=True)),
                ("webhook_token", models.CharField(max_length=40)),
                ("active", models.BooleanField(default=True)),
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
                "verbose_name": "historical vendor account",
                "verbose_name_plural": "historical vendor accounts",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="VendorAccount",
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
                ("kind", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=60)),
                ("base_url", models.CharField(max_length=200)),
                ("key_id", models.CharField(blank=True, max_length=120)),
                ("template", models.CharField(blank=True, max_length=120)),
                ("api_key_sealed", models.BinaryField(default=bytes)),
                ("secret_sealed", models.BinaryField(default=bytes)),
                ("previous_secret_sealed", models.BinaryField(default=bytes)),
                ("previous_secret_until", models.DateTimeField(null=True)),
                ("webhook_token", models.CharField(max_length=40)),
                ("active", models.BooleanField(default=True)),
                ("last_ok_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=300)),
                ("last_error_at", models.DateTimeField(null=True)),
                ("bad_signatures", models.PositiveIntegerField(default=0)),
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
                "permissions": [("manage_vendors", "Connect and change identity vendors")],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="VendorCheck",
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
                            ("starting", "Being started"),
                            ("open", "With the client"),
                            ("review", "A person should look"),
                            ("passed", "Passed"),
                            ("failed", "Failed"),
                            ("expired", "Not finished by the client"),
                            ("lost", "Could not be started"),
                        ],
                        default="starting",
                        max_length=10,
                    ),
                ),
                ("vendor_ref", models.CharField(blank=True, max_length=120)),
                ("url", models.CharField(blank=True, max_length=1000)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("said_at", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("started_by", models.CharField(max_length=160)),
                (
                    "account",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checks",
                        to="kyc.vendoraccount",
                    ),
                ),
                (
                    "case",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="vendor_checks",
                        to="kyc.kyccase",
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
        migrations.CreateModel(
            name="VendorMessage",
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
                ("delivery", models.CharField(max_length=80)),
                ("body", models.BinaryField()),
                ("headers", models.JSONField()),
                ("received_at", models.DateTimeField(default=backoffice.core.clock.now)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("applied", "Applied"),
                            ("stale", "Changes nothing"),
                            ("refused", "Not understood"),
                        ],
                        default="received",
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300)),
                ("check_id", models.UUIDField(null=True)),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "account",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="kyc.vendoraccount",
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
        migrations.AddConstraint(
            model_name="vendoraccount",
            constraint=models.UniqueConstraint(fields=("tenant", "name"), name="vendor_name"),
        ),
        migrations.AddConstraint(
            model_name="vendoraccount",
            constraint=models.UniqueConstraint(
                fields=("tenant", "webhook_token"), name="vendor_token"
            ),
        ),
        migrations.AddIndex(
            model_name="vendorcheck",
            index=models.Index(fields=["tenant", "case", "-id"], name="vendor_check_case"),
        ),
        migrations.AddIndex(
            model_name="vendorcheck",
            index=models.Index(
                condition=models.Q(("state", "starting")),
                fields=["tenant", "started_at"],
                name="vendor_check_starting",
            ),
        ),
        migrations.AddConstraint(
            model_name="vendorcheck",
            constraint=models.UniqueConstraint(
                condition=models.Q(("vendor_ref", ""), _negated=True),
                fields=("tenant", "account", "vendor_ref"),
                name="vendor_check_ref",
            ),
        ),
        migrations.AddIndex(
            model_name="vendormessage",
            index=models.Index(fields=["tenant", "account", "-id"], name="vendor_message_newest"),
        ),
        migrations.AddConstraint(
            model_name="vendormessage",
            constraint=models.UniqueConstraint(
                fields=("tenant", "account", "delivery"), name="vendor_message_once"
            ),
        ),
    ]
