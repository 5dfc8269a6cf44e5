from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0012_part_comes_back"),
    ]

    operations = [
        migrations.AddField(
            model_name="gatewayaccount",
            name="api_key_sealed",
            field=models.BinaryField(default=bytes),
        ),
    ]
