from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0018_lay_evidence_papers"),
        ("reconciliation", "0015_settlement_batches"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.AddField(
            model_name="settlementreport",
            name="sums",
            field=models.JSONField(default=list),
        ),
        migrations.AddIndex(
            model_name="settlementline",
            index=models.Index(
                condition=models.Q(("kind", "payment"), _negated=True),
                fields=["tenant", "report", "kind", "id"],
                name="settlement_line_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="settlementline",
            index=models.Index(
                condition=models.Q(("kind", "payout")),
                fields=["tenant", "currency", "gross"],
                name="settlement_line_payout",
            ),
        ),
    ]
