"""What a web process does once, before its first request."""

import gc

from backoffice.core.memory import YOUNGEST_MAX, settle


def test_what_is_loaded_is_no_longer_looked_at_by_the_collector() -> None:
    before = gc.get_threshold()
    try:
        settle()
        assert gc.get_freeze_count() > 50_000
        assert gc.get_threshold() == (YOUNGEST_MAX, *before[1:])
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
