"""Addresses of objects, for lists: fifty a column, of which Django would work out each anew."""

from functools import cache
from uuid import UUID

from django.conf import settings
from django.urls import get_script_prefix, get_urlconf, reverse

_ANY = UUID(int=0)


@cache
def _around(name: str) -> tuple[str, str]:
    before, after = reverse(name, args=[_ANY]).split(str(_ANY))
    return before, after


def object_url(name: str, pk: UUID) -> str:
    """What ``reverse(name, args=[pk])`` says, where ``name`` takes one id and nothing else."""
    before, after = _around(name)
    return f"{before}{pk}{after}"


def site() -> tuple[str, str]:
    """What ``reverse`` reads by itself: the addresses in force and what they all begin with. A key
    for whoever keeps addresses."""
    return get_urlconf() or settings.ROOT_URLCONF, get_script_prefix()
