from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0005_lay_adjustments"),
    ]

    operations = [
        migrations.AlterField(
            model_name="statementfile",
            name="state",
            field=models.CharField(
                choices=[
                    ("received", "Received"),
                    ("read", "Being matched"),
                    ("done", "Worked through"),
                    ("refused", "Refused"),
                ],
                default="received",
                max_length=8,
            ),
        ),
    ]
