"""Tables made whole are the tables that Django makes step by step."""

from typing import Any

import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from backoffice.core.new_tables import NewTables

STEPS: list[Any] = [
    migrations.CreateModel(name="Shelf", fields=[("id", models.BigAutoField(primary_key=True))]),
    migrations.CreateModel(
        name="Book",
        fields=[
            ("id", models.BigAutoField(primary_key=True)),
            ("title", models.TextField()),
            ("note", models.TextField()),
        ],
    ),
    migrations.AddField(
        "book", "shelf", models.ForeignKey("core.shelf", models.CASCADE, default=1)
    ),
    migrations.AddIndex("book", models.Index(fields=["title"], name="book_title_ix")),
    migrations.AddConstraint(
        "book", models.UniqueConstraint(fields=["shelf", "title"], name="book_once_ux")
    ),
    migrations.AlterModelOptions("book", {"verbose_name": "volume"}),
    migrations.RemoveField("book", "note"),
]


def applied(kind: type[migrations.Migration]) -> tuple[ProjectState, list[str]]:
    class Migration(kind):  # type: ignore[valid-type,misc]
        operations = STEPS

    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        state = Migration("0001_test", "core").apply(ProjectState(), editor)
    return state, [line for line in editor.collected_sql if not line.startswith("--")]


@pytest.mark.django_db
def test_the_state_is_the_same_and_each_table_is_made_once() -> None:
    plain, _ = applied(migrations.Migration)
    state, statements = applied(NewTables)
    assert state == plain
    made = [line for line in statements if line.startswith("CREATE TABLE")]
    assert len(made) == 2
    assert '"shelf_id"' in made[1]
    assert [line for line in statements if "ADD COLUMN" in line] == []


@pytest.mark.django_db
def test_indexes_constraints_and_what_follows_are_not_lost() -> None:
    _, statements = applied(NewTables)
    for name in ("book_title_ix", "book_once_ux", "FOREIGN KEY", "DROP COLUMN"):
        assert len([line for line in statements if name in line]) == 1, name
