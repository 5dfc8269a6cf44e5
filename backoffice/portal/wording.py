"""What machines keep, in the words of people: contents of approvals, rights, system actors."""

import re
from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.utils.translation import gettext

from backoffice.portal import figures

_CODE = re.compile(r"^[a-z]+(_[a-z]+)+$")
_ID = re.compile(r"\s+[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_PROOF = ("_hash", "_id", "_ref")


def content_lines(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and words of each line. Fingerprints and ids, which only prove that nothing changed,
    are left out; they are part of what is hashed all the same."""
    return [
        (_capital(str(name).replace("_", " ")), value_words(value))
        for name, value in content.items()
        if not str(name).endswith(_PROOF)
    ]


def value_words(value: Any) -> str:
    """Any value of a JSON document in words: nothing is a dash, a code loses its underscores."""
    if value is None or value in ("", [], {}):
        return figures.NOTHING
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, Mapping):
        # Documents are named with their id, so that two of a kind stay two; people read the kind.
        pairs = ((_ID.sub("", str(key)), value_words(text)) for key, text in value.items())
        return ", ".join(f"{_plain(key)}: {text}" for key, text in pairs)
    if isinstance(value, list | tuple):
        return ", ".join(value_words(part) for part in value)
    return _plain(str(value))


def _plain(text: str) -> str:
    return text.replace("_", " ") if _CODE.match(text) else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_VERBS = {"view": "See", "add": "Add", "change": "Change", "delete": "Delete"}


def permission_words(permission: str) -> str:
    """The name of a right as its model declares it, such as ``Approve KYC cases``."""
    app_label, _, codename = permission.partition(".")
    for model in apps.get_app_config(app_label).get_models():
        for code, name in model._meta.permissions:
            if code == codename:
                return str(name)
    verb, _, model_name = codename.partition("_")
    if verb in _VERBS and model_name in apps.all_models[app_label]:
        model = apps.get_model(app_label, model_name)
        return f"{_VERBS[verb]} {model._meta.verbose_name_plural}"
    return _capital(_plain(codename))
