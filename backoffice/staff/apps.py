from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "backoffice.staff"
    label = "staff"

    def ready(self) -> None:
        from backoffice.staff import checks, sign_in  # noqa: F401
