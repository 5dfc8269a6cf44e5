import django.db.models.deletion
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant
from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    initial = True

    dependencies = [
        ("clients", "0007_risk"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.CreateModel(
            name="RetentionVersion",
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
                ("figures", models.JSONField()),
                ("note", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Waits for a second person"),
                            ("active", "In force"),
                            ("refused", "Refused"),
                            ("retired", "Replaced"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("made_by_ref", models.CharField(max_length=80)),
                ("made_by", models.CharField(max_length=160)),
                ("made_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("active_from", models.DateTimeField(null=True)),
                ("active_until", models.DateTimeField(null=True)),
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
                "permissions": [
                    ("view_privacy", "See retention rules, erasure requests and legal holds"),
                    ("manage_retention", "Propose and decide retention rules"),
                    ("work_erasure", "Record and decide erasure requests"),
                    ("hold_data", "Place legal holds, ask for their end and decide it"),
                    ("export_subject", "Hand out all that is held on a client"),
                    ("view_access", "See who of the staff saw whose personal data"),
                ],
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="ErasureRequest",
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "Waits for a second person"),
                            ("running", "Being carried out"),
                            ("stopped", "Stopped by a legal hold"),
                            ("done", "Answered"),
                            ("refused", "Refused"),
                            ("cancelled", "Taken back"),
                        ],
                        default="asked",
                        max_length=10,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("client", "The client"),
                            ("representative", "Someone for the client"),
                            ("authority", "An authority"),
                            ("retention", "The time is over"),
                        ],
                        max_length=14,
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("letter", "Letter"),
                            ("phone", "Phone"),
                            ("portal", "The client's own pages"),
                            ("person", "In person"),
                            ("none", "Nobody asked"),
                        ],
                        max_length=8,
                    ),
                ),
                ("received_on", models.DateField()),
                ("longer_years", models.PositiveSmallIntegerField(default=0)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("answers", models.JSONField()),
                ("asked_by_ref", models.CharField(max_length=80)),
                ("asked_by", models.CharField(max_length=160)),
                ("asked_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("decided_by_ref", models.CharField(blank=True, max_length=80)),
                ("decided_by", models.CharField(blank=True, max_length=160)),
                ("decided_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                ("done_at", models.DateTimeField(null=True)),
                ("terms_sealed", models.BinaryField(default=bytes)),
                ("left", models.JSONField(default=list)),
                ("letter_sha256", models.CharField(blank=True, max_length=64)),
                (
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="erasures",
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
                (
                    "version",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="privacy.retentionversion",
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
            name="ErasureStep",
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
                ("place", models.PositiveSmallIntegerField()),
                ("code", models.CharField(max_length=60)),
                ("category", models.CharField(blank=True, max_length=16)),
                ("label", models.CharField(max_length=120)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "To do"), ("done", "Done")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("rows", models.PositiveIntegerField(default=0)),
                ("detail", models.CharField(blank=True, max_length=300)),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "request",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="privacy.erasurerequest",
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "request", "place"), name="erasure_step_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LegalHold",
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
                ("reason", models.CharField(max_length=300)),
                ("placed_by_ref", models.CharField(max_length=80)),
                ("placed_by", models.CharField(max_length=160)),
                ("placed_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("lift_asked_reason", models.CharField(blank=True, max_length=300)),
                ("lifted_by", models.CharField(blank=True, max_length=160)),
                ("lifted_at", models.DateTimeField(null=True)),
                (
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_holds",
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
                "indexes": [
                    models.Index(
                        condition=models.Q(("lifted_at__isnull", True)),
                        fields=["tenant", "client"],
                        name="legal_hold_standing",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="retentionversion",
            constraint=models.UniqueConstraint(
                fields=("tenant", "number"), name="retention_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="retentionversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "active")),
                fields=("tenant",),
                name="retention_one_active",
            ),
        ),
        migrations.AddConstraint(
            model_name="retentionversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "proposed")),
                fields=("tenant",),
                name="retention_one_proposed",
            ),
        ),
        migrations.AddIndex(
            model_name="erasurerequest",
            index=models.Index(fields=["tenant", "-id"], name="erasure_newest"),
        ),
        migrations.AddIndex(
            model_name="erasurerequest",
            index=models.Index(fields=["tenant", "client", "-id"], name="erasure_client"),
        ),
        migrations.AddConstraint(
            model_name="erasurerequest",
            constraint=models.UniqueConstraint(
                fields=("tenant", "reference"), name="erasure_reference"
            ),
        ),
        migrations.AddConstraint(
            model_name="erasurerequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["asked", "running", "stopped"])),
                fields=("tenant", "client"),
                name="erasure_one_open",
            ),
        ),
    ]
