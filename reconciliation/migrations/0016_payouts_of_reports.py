from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0018_lay_evidence_papers"),
        ("reconciliation", "0015_settlement_batches"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="settlementline",
            index=models.Index(
                condition=models.Q(("kind", "payout")),
                fields=["tenant", "currency", "gross"],
                name="settlement_line_payout",
            ),
        ),
    ]
