from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "backoffice.portal"
    label = "portal"

    def ready(self) -> None:
        from backoffice.portal import exports  # noqa: F401 - registers its outbox handler
        from backoffice.portal.navigation import Entry, register

        register(
            Entry(
                "System",
                "Audit trail",
                "portal:trail",
                "fingerprint",
                ("staff.view_audit",),
                "t",
                20,
            )
        )
        register(
            Entry("System", "Exports", "portal:exports", "download", ("staff.export_data",), "", 30)
        )
