"""Buttons of a page, and the portal's own audit codes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backoffice.audit.actions import Action, declare

EXPORTED = Action("portal.exported", "exported {rows} rows of {subject} as {file_format}")
EXPORT_ASKED = Action("portal.export_asked", "asked for an export of {subject}")
EXPORT_DOWNLOADED = Action("portal.export_downloaded", "downloaded the export {subject}")
VIEW_SAVED = Action("portal.view_saved", "saved the view {subject}", typed_label=True)
VIEW_DELETED = Action("portal.view_deleted", "deleted the view {subject}", typed_label=True)
BATCH_ASKED = Action("portal.batch_asked", "approves {subject} in one go")
BATCH_ITEM = Action("portal.batch_item", "{outcome} {subject} in the batch {batch}{because}")
BATCH_STOPPED = Action("portal.batch_stopped", "stopped {subject}; {left} were left as they are")
declare(EXPORTED, EXPORT_ASKED, EXPORT_DOWNLOADED, VIEW_SAVED, VIEW_DELETED)
declare(BATCH_ASKED, BATCH_ITEM, BATCH_STOPPED)


@dataclass(frozen=True)
class Button:
    """One action of a page for ``components/action.html``: a POST unless ``method`` is "get".

    ``why_not`` greys it and says why. ``confirm`` is the sentence of an irreversible action, in
    numbers. ``kind``: "primary", "danger", "quiet" or "".
    """

    label: str
    url: str
    key: str = ""
    kind: str = ""
    icon: str = ""
    method: str = "post"
    confirm: str = ""
    why_not: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
