from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0005_lay_parties"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenantlist",
            name="changes",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="watchlist",
            name="changes",
            field=models.JSONField(default=dict),
        ),
    ]
