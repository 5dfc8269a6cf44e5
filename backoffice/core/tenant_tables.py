"""Layer three: what the database itself enforces on every tenant table.

``LayTenantTables`` is the last operation of each migration that adds a tenant table or a reference
between two. It can be repeated: it lays only what is missing.
"""

from collections.abc import Iterator
from typing import Any

from django.apps.registry import Apps
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from backoffice.core.tenant import TenantForeignKey

RUNTIME_ROLE = "backoffice_app"
# NULLIF: after a transaction that used set_config(.., true), an unset custom setting reads ''.
TENANT_SETTING = "NULLIF(current_setting('app.tenant_id', true), '')::bigint"


def is_tenant_model(model: type[models.Model]) -> bool:
    """Whether ``model`` has a ``tenant`` column (works on historical models of migrations too)."""
    fields = {field.name: field for field in model._meta.local_fields}
    tenant = fields.get("tenant")
    if not isinstance(tenant, models.ForeignKey) or model._meta.proxy or not model._meta.managed:
        return False
    target: Any = tenant.related_model
    return bool(target._meta.label_lower == "tenancy.tenant")


def isolation_sql(table: str) -> list[str]:
    """Forced row-level security; also used by the tables that SQL migrations make."""
    mine = f"tenant_id = {TENANT_SETTING}"
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'DROP POLICY IF EXISTS tenant ON "{table}"',
        f'CREATE POLICY tenant ON "{table}" USING ({mine}) WITH CHECK ({mine})',
    ]


def append_only_sql(table: str) -> list[str]:
    """The runtime role may read and add rows of ``table``, nothing else."""
    return [f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM {RUNTIME_ROLE}']


def references(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    """(column, target table) of each reference that stays inside the tenant."""
    if model._meta.pk.name == "history_id":
        return
    for field in model._meta.local_fields:
        if isinstance(field, TenantForeignKey) and field.lays_constraint:
            target: Any = field.related_model
            yield field.column, target._meta.db_table


class LayTenantTables(Operation):
    """Composite keys, composite references, forced row-level security for one app's tables."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, app_label: str) -> None:
        self.app_label = app_label

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "LayTenantTables", [self.app_label], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Django's own picture of the models does not change."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        apps: Apps = to_state.apps
        laid = [m for m in apps.get_models() if m._meta.app_label == self.app_label]
        tables = [model for model in laid if is_tenant_model(model)]
        for model in tables:
            self._lay_key(schema_editor, model)
        for model in tables:
            for column, target in references(model):
                self._lay_reference(schema_editor, model._meta.db_table, column, target)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Nothing to undo: what was laid goes with its table."""

    def describe(self) -> str:
        return f"Lay tenant keys and row-level security under {self.app_label}"

    def _lay_key(self, editor: BaseDatabaseSchemaEditor, model: type[models.Model]) -> None:
        table = model._meta.db_table
        if self._forced(editor, table):
            return
        editor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{table}_pkey"')
        editor.execute(
            f'ALTER TABLE "{table}" ADD PRIMARY KEY (tenant_id, "{model._meta.pk.column}")'
        )
        for statement in isolation_sql(table):
            editor.execute(statement)

    def _lay_reference(
        self, editor: BaseDatabaseSchemaEditor, table: str, column: str, target: str
    ) -> None:
        name = f"{table}_{column}_tenant_fk"[:63]
        with editor.connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass",
                [name, f'"{table}"'],
            )
            if cursor.fetchone():
                return
        editor.execute(
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (tenant_id, "{column}") '
            f'REFERENCES "{target}" (tenant_id, id) DEFERRABLE INITIALLY DEFERRED'
        )

    def _forced(self, editor: BaseDatabaseSchemaEditor, table: str) -> bool:
        with editor.connection.cursor() as cursor:
            cursor.execute(
                "SELECT relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [f'"{table}"']
            )
            row = cursor.fetchone()
        return bool(row and row[0])
