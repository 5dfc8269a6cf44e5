from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "privacy"

    def ready(self) -> None:
        from backoffice.portal import desks
        from backoffice.portal.navigation import Entry, register
        from backoffice.workflow import moves
        from privacy import (
            actions,  # noqa: F401 - registers itself
            erasure,
            holds,
            letters,  # noqa: F401 - its outbox handler
            retention,
            states,
            tabs,
            work,  # noqa: F401 - its outbox handler
        )

        moves.register(states.VERSION)
        moves.register(states.REQUEST)
        for name in ("ErasureRequest", "LegalHold"):
            desks.register(f"privacy.{name}", desks.by_client(self.get_model(name)))
        retention.register_approval()
        erasure.register_approval()
        holds.register_approval()
        tabs.register()
        register(
            Entry(
                "Work", "Privacy", "privacy:requests", "lock", ("privacy.view_privacy",),
                order=64, prefix="/privacy/",
            )
        )  # fmt: skip
