from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0013_api_key"),
    ]

    operations = [
        migrations.AlterField(
            model_name="webhookmessage",
            name="state",
            field=models.CharField(
                choices=[
                    ("received", "Received"),
                    ("processed", "Processed"),
                    ("stale", "Changes nothing"),
                    ("parked", "No such payment yet"),
                    ("refused", "For a person"),
                ],
                default="received",
                max_length=10,
            ),
        ),
    ]
