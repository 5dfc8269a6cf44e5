from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "backoffice.portal"
    label = "portal"

    def ready(self) -> None:
        from backoffice.portal import exports  # noqa: F401 - registers its outbox handler
