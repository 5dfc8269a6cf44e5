from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0011_bank_details"),
    ]

    operations = [
        migrations.AlterField(
            model_name="withdrawalpart",
            name="state",
            field=models.CharField(
                choices=[
                    ("planned", "Planned"),
                    ("submitting", "Being sent"),
                    ("submitted", "Sent"),
                    ("in_progress", "With the provider"),
                    ("unknown", "Outcome unknown"),
                    ("paid", "Paid"),
                    ("returned", "Came back"),
                    ("failed", "Failed"),
                    ("replaced", "Sent anew"),
                    ("given_up", "Given up"),
                    ("cancelled", "Not needed"),
                ],
                default="planned",
                max_length=12,
            ),
        ),
    ]
