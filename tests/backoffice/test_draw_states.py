from backoffice.workflow import drawings


def test_the_drawings_say_what_the_tables_say() -> None:
    assert drawings.stale() == []
