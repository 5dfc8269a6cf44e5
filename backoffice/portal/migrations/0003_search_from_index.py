from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # indexes of a large table, built while people work
    dependencies = [
        ("portal", "0002_lay_tables"),
        ("tenancy", "0002_lay_tables"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="searchentry",
            index=models.Index(
                fields=["tenant", "token", "id"], include=("object_id",), name="search_by"
            ),
        ),
        AddIndexConcurrently(
            model_name="searchentry",
            index=models.Index(fields=["tenant", "object_id", "token"], name="search_of"),
        ),
        RemoveIndexConcurrently(model_name="searchentry", name="search_token"),
        RemoveIndexConcurrently(model_name="searchentry", name="search_object"),
    ]
