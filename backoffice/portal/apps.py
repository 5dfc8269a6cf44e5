from django.apps import AppConfig

STAFF, MANAGE = ("staff.manage_staff",), ("staff.manage_settings",)


class PortalConfig(AppConfig):
    name = "backoffice.portal"
    label = "portal"

    def ready(self) -> None:
        from backoffice.portal import (  # noqa: F401 - they register their outbox handlers
            batches,
            exports,
            invitations,
        )
        from backoffice.portal.context import register_notices, support_notice
        from backoffice.portal.states import BATCH
        from backoffice.workflow import moves

        moves.register(BATCH)
        register_notices(support_notice)
        _offer_pages()
        _offer_settings()


def _offer_pages() -> None:
    from backoffice.portal.navigation import Entry, register

    for entry in (
        Entry("", "Approvals", "portal:approvals", "eye-check", key="a", order=10),
        Entry(
            "Settings",
            "All settings",
            "portal:settings",
            "settings",
            ("staff.manage_settings", "staff.manage_staff", "workflow.manage_queues"),
            order=0,
        ),
        Entry("Settings", "Staff", "portal:members", "users-group", STAFF, order=10),
        Entry("Settings", "Roles", "portal:roles", "lock", STAFF, order=11),
        Entry("Settings", "API keys", "portal:api-keys", "key", STAFF, order=12),
        Entry(
            "System",
            "Audit trail",
            "portal:trail",
            "fingerprint",
            ("staff.view_audit",),
            "t",
            20,
        ),
        Entry("System", "Exports", "portal:exports", "download", ("staff.export_data",), "", 30),
    ):
        register(entry)


def _offer_settings() -> None:
    from backoffice.portal.settings_pages import Area, register_area

    for area in (
        Area("Brand", "Name, colour, entity", "tag", "portal:settings-brand", MANAGE, 10),
        Area(
            "Access",
            "Networks that staff may come from; support sessions",
            "network",
            "portal:settings-access",
            STAFF,
            20,
        ),
        Area(
            "Service levels",
            "How long each queue's items may wait",
            "clock",
            "portal:settings-levels",
            ("workflow.manage_queues",),
            30,
        ),
        Area(
            "Staff",
            "Who works here, with which roles",
            "users-group",
            "portal:members",
            STAFF,
            40,
        ),
        Area("Roles", "Who may do what", "lock", "portal:roles", STAFF, 50),
        Area("API keys", "For other systems", "key", "portal:api-keys", STAFF, 60),
    ):
        register_area(area)
