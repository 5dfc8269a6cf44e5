from django.db import migrations, models

from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    dependencies = [
        ("payments", "0010_proposed_bands"),
    ]

    operations = [
        migrations.AddField(
            model_name="gatewayaccount",
            name="bank",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name="gatewayaccount",
            name="bic",
            field=models.CharField(blank=True, max_length=11),
        ),
        migrations.AddField(
            model_name="gatewayaccount",
            name="holder",
            field=models.CharField(blank=True, max_length=140),
        ),
        migrations.AddField(
            model_name="historicalgatewayaccount",
            name="bank",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name="historicalgatewayaccount",
            name="bic",
            field=models.CharField(blank=True, max_length=11),
        ),
        migrations.AddField(
            model_name="historicalgatewayaccount",
            name="holder",
            field=models.CharField(blank=True, max_length=140),
        ),
    ]
