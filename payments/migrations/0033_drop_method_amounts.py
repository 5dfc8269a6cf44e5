from django.db import migrations

from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    dependencies = [("payments", "0032_lay_terms")]
    operations = [
        migrations.RemoveField(
            model_name="historicalmethod",
            name="amount_max",
        ),
        migrations.RemoveField(
            model_name="historicalmethod",
            name="amount_min",
        ),
        migrations.RemoveField(
            model_name="historicalmethod",
            name="currencies",
        ),
        migrations.RemoveField(
            model_name="historicalmethod",
            name="deposit_threshold",
        ),
        migrations.RemoveField(
            model_name="historicalmethod",
            name="fee_fixed",
        ),
        migrations.RemoveField(
            model_name="historicalmethod",
            name="fee_percent",
        ),
        migrations.RemoveField(
            model_name="method",
            name="amount_max",
        ),
        migrations.RemoveField(
            model_name="method",
            name="amount_min",
        ),
        migrations.RemoveField(
            model_name="method",
            name="currencies",
        ),
        migrations.RemoveField(
            model_name="method",
            name="deposit_threshold",
        ),
        migrations.RemoveField(
            model_name="method",
            name="fee_fixed",
        ),
        migrations.RemoveField(
            model_name="method",
            name="fee_percent",
        ),
    ]
