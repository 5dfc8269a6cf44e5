"""What a web process tells Python's garbage collector, which would stop it for a tenth of a second
now and then to look once more at hundreds of thousands of objects that stay for good."""

import gc

from django.urls import get_resolver

#: Containers made before the youngest are looked at: about what a list page makes, not a fifth.
YOUNGEST_MAX = 2_500


def settle() -> None:
    """Load what the first request would load, then count all that is there as here to stay."""
    list(get_resolver().url_patterns)
    _, middle, oldest = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNGEST_MAX, middle, oldest)
