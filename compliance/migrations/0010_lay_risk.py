from django.db import migrations

from backoffice.core.tenant_tables import LayTenantTables, append_only_sql


class Migration(migrations.Migration):
    dependencies = [("compliance", "0009_risk")]
    operations = [
        LayTenantTables("compliance"),
        migrations.RunSQL(append_only_sql("compliance_riskassessment"), migrations.RunSQL.noop),
    ]
