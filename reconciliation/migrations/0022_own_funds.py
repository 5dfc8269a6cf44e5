from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0021_lay_csv_layouts"),
    ]

    operations = [
        migrations.AlterField(
            model_name="adjustment",
            name="kind",
            field=models.CharField(
                choices=[
                    ("unallocated", "Client money from someone unknown"),
                    ("sent_back", "Unallocated money sent back"),
                    ("bank_charge", "A charge of the bank"),
                    ("charge_on_payout", "The payout, and the bank's charge on it"),
                    ("interest", "Interest of the bank"),
                    ("own_transfer", "A transfer between our own accounts"),
                    ("own_funds", "Own money of the firm, put in or taken out"),
                    ("write_off", "A small difference written off"),
                ],
                max_length=20,
            ),
        ),
    ]
