from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "backoffice.portal"
    label = "portal"

    def ready(self) -> None:
        from backoffice.portal import exports  # noqa: F401 - registers its outbox handler
        from backoffice.portal.navigation import Entry, register

        staff = ("staff.manage_staff",)
        for entry in (
            Entry("", "Approvals", "portal:approvals", "eye-check", key="a", order=10),
            Entry("System", "Staff", "portal:members", "users-group", staff, order=10),
            Entry("System", "Roles", "portal:roles", "lock", staff, order=11),
            Entry("System", "API keys", "portal:api-keys", "key", staff, order=12),
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
