import django.contrib.postgres.indexes
import django.core.serializers.json
import django.db.models.deletion
from django.db import migrations, models

import backoffice.core.clock
import backoffice.core.context
import backoffice.core.ids
import backoffice.core.tenant


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0004_list_indexes"),
        ("compliance", "0003_release"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.CreateModel(
            name="PartyScreening",
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
                ("subject_type", models.CharField(max_length=60)),
                ("subject_id", models.UUIDField()),
                (
                    "subject",
                    models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder),
                ),
                ("subject_hash", models.CharField(max_length=64)),
                ("matches", models.PositiveIntegerField(default=0)),
                ("at", models.DateTimeField(default=backoffice.core.clock.now)),
            ],
            options={
                "abstract": False,
                "default_permissions": (),
                "base_manager_name": "objects",
            },
        ),
        migrations.AddIndex(
            model_name="watchentity",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["entity"], name="watch_entity_content", opclasses=["jsonb_path_ops"]
            ),
        ),
        migrations.AddField(
            model_name="partyscreening",
            name="client",
            field=backoffice.core.tenant.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="clients.client",
            ),
        ),
        migrations.AddField(
            model_name="partyscreening",
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
        migrations.AddConstraint(
            model_name="partyscreening",
            constraint=models.UniqueConstraint(
                fields=("tenant", "client", "subject_type", "subject_id"), name="party_once"
            ),
        ),
    ]
