"""What other domains want to hear about clients: an outbox topic each, registered in
``AppConfig.ready``. Events: ``created``, ``changed`` (payload ``fields``), ``assigned``,
``document_uploaded`` (payload ``document``), ``means_declared``, ``party_changed`` (payload
``party``), ``tax_certified``."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from backoffice.workflow import outbox
from clients.models import Client

EVENTS = frozenset(
    {
        "created",
        "changed",
        "assigned",
        "document_uploaded",
        "means_declared",
        "party_changed",
        "tax_certified",
    }
)
_followers: dict[str, list[str]] = defaultdict(list)


def follow(event: str, topic: str) -> None:
    """From now on each ``event`` leaves an outbox item of ``topic`` with the client as subject."""
    assert event in EVENTS, event
    if topic not in _followers[event]:
        _followers[event].append(topic)


def tell(event: str, client: Client, **payload: Any) -> None:
    """Leave the items in the current transaction."""
    assert event in EVENTS, event
    values: Mapping[str, Any] = {"reference": client.reference, **payload}
    for topic in _followers[event]:
        outbox.put(topic, subject_id=client.pk, payload=values)
