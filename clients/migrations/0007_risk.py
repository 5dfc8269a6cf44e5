from django.db import migrations, models

from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    dependencies = [
        ("clients", "0006_lay_means"),
    ]

    operations = [
        migrations.AddField(
            model_name="client",
            name="risk_floor",
            field=models.CharField(
                blank=True,
                choices=[
                    ("low", "Low"),
                    ("medium", "Medium"),
                    ("high", "High"),
                    ("prohibited", "Prohibited"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="historicalclient",
            name="risk_floor",
            field=models.CharField(
                blank=True,
                choices=[
                    ("low", "Low"),
                    ("medium", "Medium"),
                    ("high", "High"),
                    ("prohibited", "Prohibited"),
                ],
                max_length=10,
            ),
        ),
    ]
