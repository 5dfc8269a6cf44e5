from django.apps import AppConfig


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
        from backoffice.portal.navigation import Entry, register
        from backoffice.portal.settings_pages import Area, register_area
        from backoffice.portal.states import BATCH
        from backoffice.workflow import moves

        moves.register(BATCH)
        register_notices(support_notice)
        staff, manage = ("staff.manage_staff",), ("staff.manage_settings",)
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
            Entry("Settings", "Staff", "portal:members", "users-group", staff, order=10),
            Entry("Settings", "Roles", "portal:roles", "lock", staff, order=11),
            Entry("Settings", "API keys", "portal:api-keys", "key", staff, order=12),
            Entry(
                "System",
                "Audit trail",
                "portal:trail",
                "fingerprint",
                ("staff.view_audit",),
                "t",
                20,
            ),
            Entry(
                "System", "Exports", "portal:exports", "download", ("staff.export_data",), "", 30
            ),
        ):
            register(entry)
        for area in (
            Area("Brand", "Name, colour, entity", "tag", "portal:settings-brand", manage, 10),
            Area(
                "Access",
                "Networks that staff may come from; support sessions",
                "network",
                "portal:settings-access",
                staff,
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
                staff,
                40,
            ),
            Area("Roles", "Who may do what", "lock", "portal:roles", staff, 50),
            Area("API keys", "For other systems", "key", "portal:api-keys", staff, 60),
        ):
            register_area(area)
