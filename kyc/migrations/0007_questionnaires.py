import django.db.models.deletion
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0007_risk"),
        ("kyc", "0006_lay_vendors"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.CreateModel(
            name="Questionnaire",
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
                ("code", models.SlugField(max_length=40)),
                ("name", models.CharField(max_length=120)),
                ("made_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("made_by", models.CharField(max_length=160)),
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
                "permissions": [("manage_questionnaires", "Write questionnaires and publish them")],
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="FormVersion",
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
                ("content", models.JSONField()),
                ("note", models.CharField(blank=True, max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("proposed", "Waits for a second person"),
                            ("active", "In force"),
                            ("refused", "Refused"),
                            ("retired", "Replaced"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("made_by_ref", models.CharField(max_length=80)),
                ("made_by", models.CharField(max_length=160)),
                ("made_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("active_from", models.DateTimeField(null=True)),
                ("active_until", models.DateTimeField(null=True)),
                ("edition", models.PositiveIntegerField(default=1)),
                ("authors", models.JSONField(default=list)),
                ("changed_at", models.DateTimeField(default=backoffice.core.clock.now)),
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
                    "questionnaire",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="kyc.questionnaire",
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
            name="Filling",
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
                            ("open", "Being filled in"),
                            ("warned", "Warning to be confirmed"),
                            ("done", "Answered"),
                            ("dropped", "Dropped"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("answers", models.JSONField(default=dict)),
                ("begun_at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("begun_by_ref", models.CharField(max_length=80)),
                ("begun_by", models.CharField(max_length=160)),
                ("saved_at", models.DateTimeField(null=True)),
                (
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fillings",
                        to="clients.client",
                    ),
                ),
                (
                    "link",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clients.uploadlink",
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
                        related_name="fillings",
                        to="kyc.formversion",
                    ),
                ),
                (
                    "questionnaire",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="kyc.questionnaire",
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
            name="AnswerSet",
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
                ("attempt", models.PositiveSmallIntegerField()),
                ("answers", models.JSONField()),
                ("lines", models.JSONField()),
                ("score", models.IntegerField(null=True)),
                ("score_max", models.IntegerField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("none", "Answered"),
                            ("allow", "Appropriate"),
                            ("warn", "Warned"),
                            ("cap", "Leverage capped"),
                            ("block", "Blocked"),
                        ],
                        default="none",
                        max_length=6,
                    ),
                ),
                ("leverage_max", models.PositiveIntegerField(null=True)),
                ("at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("by_ref", models.CharField(max_length=80)),
                ("by", models.CharField(max_length=160)),
                ("on_behalf", models.BooleanField()),
                (
                    "client",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answer_sets",
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
                    "filling",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answer_sets",
                        to="kyc.filling",
                    ),
                ),
                (
                    "version",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="kyc.formversion",
                    ),
                ),
                (
                    "questionnaire",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="kyc.questionnaire",
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
            name="Confirmation",
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
                ("words", models.CharField(max_length=1000)),
                ("at", models.DateTimeField(default=backoffice.core.clock.now)),
                ("by_ref", models.CharField(max_length=80)),
                ("by", models.CharField(max_length=160)),
                ("on_behalf", models.BooleanField()),
                (
                    "answer_set",
                    backoffice.core.tenant.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmations",
                        to="kyc.answerset",
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
                        fields=("tenant", "answer_set"), name="confirmation_once"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="questionnaire",
            constraint=models.UniqueConstraint(
                fields=("tenant", "code"), name="questionnaire_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="formversion",
            constraint=models.UniqueConstraint(
                fields=("tenant", "questionnaire", "number"), name="form_version_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="formversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "active")),
                fields=("tenant", "questionnaire"),
                name="form_version_one_published",
            ),
        ),
        migrations.AddConstraint(
            model_name="formversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["draft", "proposed"])),
                fields=("tenant", "questionnaire"),
                name="form_version_one_draft",
            ),
        ),
        migrations.AddIndex(
            model_name="filling",
            index=models.Index(fields=["tenant", "client", "-id"], name="filling_client"),
        ),
        migrations.AddIndex(
            model_name="filling",
            index=models.Index(fields=["tenant", "link"], name="filling_link"),
        ),
        migrations.AddConstraint(
            model_name="filling",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["open", "warned"])),
                fields=("tenant", "client", "questionnaire"),
                name="filling_one_at_a_time",
            ),
        ),
        migrations.AddIndex(
            model_name="answerset",
            index=models.Index(fields=["tenant", "client", "-id"], name="answer_set_client"),
        ),
        migrations.AddConstraint(
            model_name="answerset",
            constraint=models.UniqueConstraint(
                fields=("tenant", "filling"), name="answer_set_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="answerset",
            constraint=models.UniqueConstraint(
                fields=("tenant", "client", "questionnaire", "attempt"), name="answer_set_attempt"
            ),
        ),
        migrations.AddConstraint(
            model_name="answerset",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "cap"), _negated=True),
                    ("leverage_max__gte", 1),
                    _connector="OR",
                ),
                name="answer_set_cap",
            ),
        ),
    ]
