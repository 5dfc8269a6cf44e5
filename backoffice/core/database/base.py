"""The primary key of a tenant table is ``(tenant_id, id)`` while Django sees ``id`` alone.

So ``GROUP BY id`` does not determine the row's other columns for PostgreSQL: all are named.
"""

from django.db import models
from django.db.backends.postgresql import base, features


class DatabaseFeatures(features.DatabaseFeatures):
    def allows_group_by_selected_pks_on_model(self, model: type[models.Model]) -> bool:
        if any(field.name == "tenant" for field in model._meta.local_fields):
            return False
        return bool(super().allows_group_by_selected_pks_on_model(model))


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures
