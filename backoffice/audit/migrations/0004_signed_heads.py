"""Signed heads follow each other. The table was empty until heads were signed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_chain")]
    operations = [
        migrations.AddField(
            "auditheadsignature",
            "number",
            models.BigIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            "auditheadsignature",
            "previous",
            models.BinaryField(default=b""),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            "auditheadsignature",
            models.UniqueConstraint(fields=["tenant", "number"], name="audit_signature_number"),
        ),
    ]
