"""Group and symbol masks of the platform: `real\\*,!real\\vip*`."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache


@lru_cache(maxsize=512)
def mask_matcher(masks: str) -> Callable[..., bool]:
    """A test for names against a comma list of masks: `*` is any text, `!` in front excludes.

    Names match without regard to case. A list with nothing but exclusions includes the rest.
    What has several names (a symbol has one and a path) is in by any and out by any.
    """
    parts = [part.strip() for part in masks.split(",") if part.strip()]
    included = [_pattern(part) for part in parts if not part.startswith("!")]
    excluded = [_pattern(part[1:]) for part in parts if part.startswith("!")]
    if excluded and not included:
        included = [_pattern("*")]

    def matches(*names: str) -> bool:
        return any(one.fullmatch(name) for one in included for name in names) and not any(
            one.fullmatch(name) for one in excluded for name in names
        )

    return matches


def _pattern(mask: str) -> re.Pattern[str]:
    literal = ".*".join(re.escape(piece) for piece in mask.split("*"))
    return re.compile(literal, re.IGNORECASE | re.DOTALL)


def matching(names: Iterable[str], masks: str) -> list[str]:
    """The names a mask list lets through, in their order."""
    is_match = mask_matcher(masks)
    return [name for name in names if is_match(name)]
