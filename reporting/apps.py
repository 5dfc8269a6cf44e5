from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "reporting"

    def ready(self) -> None:
        from backoffice.portal.navigation import Entry, register

        register(Entry("", "Home", "reporting:home", "home", key="h", prefix="/"))
