from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "compliance"

    def ready(self) -> None:
        from backoffice.portal.navigation import Entry, register
        from backoffice.workflow import moves
        from compliance import actions, hits, queues, states  # noqa: F401

        moves.register(states.HIT)
        moves.register(states.ALERT)
        hits.register_approval()
        register(
            Entry(
                "Work", "Watch lists", "compliance:lists", "list-search",
                ("compliance.manage_lists",), order=60,
            )
        )  # fmt: skip
        register(
            Entry(
                "Work", "Name search", "compliance:name-search", "user-search",
                ("compliance.view_hit",), order=61,
            )
        )  # fmt: skip
