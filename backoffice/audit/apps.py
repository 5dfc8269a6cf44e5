from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "backoffice.audit"
    label = "audit"

    def ready(self) -> None:
        from backoffice.audit import checks  # noqa: F401 - registers itself
