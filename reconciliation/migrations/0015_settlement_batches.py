from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0016_lay_chargebacks"),
        ("reconciliation", "0014_lay_sign_offs"),
        ("tenancy", "0003_brand_and_networks"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="settlementline",
            index=models.Index(
                condition=models.Q(("batch_ref", ""), _negated=True),
                fields=["tenant", "gateway", "batch_ref"],
                name="settlement_line_batch",
            ),
        ),
    ]
