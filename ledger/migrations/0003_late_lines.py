"""Lines whose value date lies more than an hour before their booking: few, and looked for by each
balance by value date."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_kernel")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX ledger_transfer_late ON ledger_transfer (tenant_id, created_at)"
            " WHERE created_at - effective_at > interval '1 hour'",
            "DROP INDEX ledger_transfer_late",
        )
    ]
