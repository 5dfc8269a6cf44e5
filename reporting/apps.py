from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "reporting"

    def ready(self) -> None:
        from backoffice.audit import witnesses
        from backoffice.portal.navigation import Entry, register
        from reporting import actions, states  # noqa: F401
        from reporting.client_money import files  # noqa: F401 - registers its outbox handler
        from reporting.client_money.services import heads_named

        witnesses.register("client money", heads_named)

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
