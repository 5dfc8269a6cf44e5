from django.db import migrations

from backoffice.core.sql import sql_file
from backoffice.core.tenant_tables import LayTenantTables, append_only_sql


class Migration(migrations.Migration):
    dependencies = [("kyc", "0007_questionnaires")]
    operations = [
        LayTenantTables("kyc"),
        migrations.RunSQL(append_only_sql("kyc_answerset"), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_sql("kyc_confirmation"), migrations.RunSQL.noop),
        sql_file(__file__, "form_versions"),
    ]
