from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "reporting"

    def ready(self) -> None:
        from backoffice.audit import witnesses
        from backoffice.portal.navigation import Entry, register
        from reporting import actions, states  # noqa: F401
        from reporting.client_money import files  # noqa: F401 - registers its outbox handler
        from reporting.client_money.services import heads_named
        from reporting.day_close import approvals, tasks  # noqa: F401 - they register
        from reporting.day_close import files as day_files  # noqa: F401 - its outbox handler
        from reporting.day_close.services import heads_named as heads_of_days

        witnesses.register("client money", heads_named)
        witnesses.register("day close", heads_of_days)

        register(Entry("", "Home", "reporting:home", "home", key="h", order=0, prefix="/"))
        register(
            Entry(
                "Insight",
                "Client money",
                "reporting:client-money",
                "file-certificate",
                ("reporting.view_report",),
                order=40,
            )
        )
        register(
            Entry(
                "Insight",
                "Day close",
                "reporting:days",
                "calendar-event",
                ("reporting.view_report",),
                order=41,
            )
        )
