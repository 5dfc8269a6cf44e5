from django.db import migrations

from backoffice.core.tenant_tables import RUNTIME_ROLE, LayTenantTables

# What a gateway sent stays as it came; only what we made of it is written beside.
KEEP = f"""
REVOKE UPDATE, DELETE, TRUNCATE ON payments_webhookmessage FROM {RUNTIME_ROLE};
GRANT UPDATE (state, note, subject_id, done_at) ON payments_webhookmessage TO {RUNTIME_ROLE};
"""
GIVE_BACK = f"GRANT UPDATE, DELETE ON payments_webhookmessage TO {RUNTIME_ROLE};"


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_rates_and_returns"), ("core", "0001_runtime_role")]
    operations = [LayTenantTables("payments"), migrations.RunSQL(KEEP, GIVE_BACK)]
