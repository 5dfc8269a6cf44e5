"""Migrations that change many tables at once, without rendering every model after every operation.

Django keeps the historical models rendered while it migrates, and renders a model anew with all
that refer to it whenever one operation touches it. Here everything refers to the tenant, so each
of some five hundred operations of the first migrations rendered the whole product: most of the
time of a first start and of a test database.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    CreateModel,
    Migration,
    RemoveField,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

ADDS = (CreateModel, AddField, AddIndex, AddConstraint)


def _kind(operation: Operation) -> str:
    if isinstance(operation, ADDS):
        return "adds"
    if isinstance(operation, RemoveField | AlterField):
        return type(operation).__name__
    return ""


class NewTables(Migration):
    """A migration whose neighbouring operations of one kind are done together: those that add
    (tables are made whole, in their order), those that alter fields, those that remove fields.

    Same state and same schema as operation by operation, and unapplied like any other.
    """

    def apply(
        self,
        project_state: ProjectState,
        schema_editor: BaseDatabaseSchemaEditor,
        collect_sql: bool = False,
    ) -> ProjectState:
        operations = list(self.operations)
        try:
            for kind, group in groupby(operations, _kind):
                together: list[Any] = list(group)
                if kind == "adds":
                    self._add(together, project_state, schema_editor)
                elif kind and _each_once(together):
                    self._change(together, project_state, schema_editor)
                else:
                    vars(self)["operations"] = together
                    project_state = super().apply(project_state, schema_editor, collect_sql)
        finally:
            vars(self)["operations"] = operations
        return project_state

    def _forwards(self, operations: Sequence[Any], project_state: ProjectState) -> None:
        vars(project_state).pop("apps", None)  # or each step below would render anew
        for operation in operations:
            operation.state_forwards(self.app_label, project_state)

    def _add(
        self,
        additions: Sequence[Any],
        project_state: ProjectState,
        schema_editor: BaseDatabaseSchemaEditor,
    ) -> None:
        self._forwards(additions, project_state)
        made: set[str] = set()
        for operation in additions:
            if isinstance(operation, CreateModel):
                made.add(operation.name_lower)
            elif operation.model_name_lower in made:
                continue  # the table was made with it
            # PostgreSQL needs of a table's former state only its name.
            operation.database_forwards(self.app_label, schema_editor, project_state, project_state)

    def _change(
        self,
        changes: Sequence[Any],
        project_state: ProjectState,
        schema_editor: BaseDatabaseSchemaEditor,
    ) -> None:
        before = project_state.clone()
        self._forwards(changes, project_state)
        for operation in changes:
            operation.database_forwards(self.app_label, schema_editor, before, project_state)


def _each_once(changes: Sequence[Any]) -> bool:
    """Whether no field is changed twice, so that what was before is before each of them."""
    fields = [(change.model_name_lower, change.name_lower) for change in changes]
    return len(set(fields)) == len(fields)
