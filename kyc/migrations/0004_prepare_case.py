"""A right of its own for opening cases and submitting them: the front office prepares them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("kyc", "0003_list_indexes")]

    operations = [
        migrations.AlterModelOptions(
            name="kyccase",
            options={
                "base_manager_name": "objects",
                "permissions": [
                    ("view_case", "See KYC cases"),
                    ("prepare_case", "Open KYC cases and submit them"),
                    ("review_case", "Review KYC cases"),
                    ("approve_case", "Approve KYC cases"),
                    ("approve_high_risk", "Approve high-risk and politically exposed clients"),
                ],
            },
        )
    ]
