"""Migrations that make many tables at once, without rendering every model after every operation.

Django keeps the historical models rendered while it migrates, and renders a model anew with all
that refer to it whenever one operation touches it. Here everything refers to the tenant, so each
of some five hundred operations of the first migrations rendered the whole product: most of the
time of a first start and of a test database.
"""

from itertools import takewhile
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddConstraint, AddField, AddIndex, CreateModel, Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

ADDS = (CreateModel, AddField, AddIndex, AddConstraint)


def _only_adds(operation: Operation) -> bool:
    return isinstance(operation, ADDS)


class NewTables(Migration):
    """A migration whose leading operations only add: tables are made whole, in their order.

    Same state and same schema as operation by operation, and unapplied like any other.
    """

    def apply(
        self,
        project_state: ProjectState,
        schema_editor: BaseDatabaseSchemaEditor,
        collect_sql: bool = False,
    ) -> ProjectState:
        operations = list(self.operations)
        additions: list[Any] = list(takewhile(_only_adds, operations))
        vars(project_state).pop("apps", None)  # or each step below would render anew
        for operation in additions:
            operation.state_forwards(self.app_label, project_state)
        made: set[str] = set()
        for operation in additions:
            if isinstance(operation, CreateModel):
                made.add(operation.name_lower)
            elif operation.model_name_lower in made:
                continue  # the table was made with it
            # PostgreSQL needs of a table's former state only its name.
            operation.database_forwards(self.app_label, schema_editor, project_state, project_state)
        vars(self)["operations"] = operations[len(additions) :]
        try:
            return super().apply(project_state, schema_editor, collect_sql)
        finally:
            vars(self)["operations"] = operations
