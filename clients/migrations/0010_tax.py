import django.db.models.deletion
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant
from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    dependencies = [
        ("clients", "0009_lay_ownership"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.CreateModel(
            name="TaxCertification",
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
                ("us_person", models.BooleanField()),
                (
                    "classification",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("active_nfe", "Active non-financial entity"),
                            ("passive_nfe", "Passive non-financial entity"),
                            ("financial", "Financial institution"),
                        ],
                        max_length=12,
                    ),
                ),
                ("form_version", models.PositiveSmallIntegerField()),
                ("certified_on", models.DateField()),
                ("certified_by", models.CharField(max_length=160)),
                ("doubts", models.JSONField(default=list)),
                ("recorded_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("recorded_by_ref", models.CharField(max_length=80)),
                ("recorded_by", models.CharField(max_length=160)),
                (
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tax_certifications",
                        to="clients.client",
                    ),
                ),
                (
                    "document",
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
                    "party",
                    backoffice.core.tenant.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tax_certifications",
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
        migrations.CreateModel(
            name="TaxResidence",
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
                ("country", models.CharField(max_length=2)),
                ("tin_sealed", models.BinaryField(default=bytes)),
                (
                    "no_tin",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("A", "A: the country issues none"),
                            ("B", "B: it could not be obtained"),
                            ("C", "C: the country does not ask for it"),
                        ],
                        max_length=1,
                    ),
                ),
                ("explanation", models.CharField(blank=True, max_length=200)),
                ("order", models.PositiveSmallIntegerField()),
                (
                    "certification",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="residences",
                        to="clients.taxcertification",
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
            model_name="taxcertification",
            index=models.Index(fields=["tenant", "client", "-id"], name="tax_certification_client"),
        ),
        migrations.AddConstraint(
            model_name="taxresidence",
            constraint=models.UniqueConstraint(
                fields=("tenant", "certification", "country"), name="tax_residence_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="taxresidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("no_tin", ""), ("tin_sealed__gt", b"")),
                    models.Q(models.Q(("no_tin", ""), _negated=True), ("tin_sealed", b"")),
                    _connector="OR",
                ),
                name="tax_residence_tin",
            ),
        ),
    ]
