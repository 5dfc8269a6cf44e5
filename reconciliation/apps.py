from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "reconciliation"

    def ready(self) -> None:
        from backoffice.portal.navigation import Entry, register
        from backoffice.portal.settings_pages import Area, register_area
        from backoffice.workflow import moves
        from reconciliation import (  # noqa: F401 - they register
            actions,
            approvals,
            books_check,
            handlers,
            queues,
            states,
        )
        from reconciliation.settlements import states as cost_states

        moves.register(states.BREAK)
        moves.register(states.ADJUSTMENT)
        moves.register(cost_states.COST)
        see = ("reconciliation.view_break",)
        register(Entry("Work", "Statements", "reconciliation:files", "building-bank", see, "s", 50))
        register(
            Entry("Work", "Statement lines", "reconciliation:lines", "list-details", see, "", 51)
        )
        register(
            Entry(
                "Work",
                "Bank accounts",
                "reconciliation:accounts",
                "cash",
                ("reconciliation.import_statement",),
                "",
                52,
            )
        )
        register(
            Entry("Work", "Gateway reports", "reconciliation:reports", "credit-card", see, "", 51)
        )
        register(
            Entry("Work", "Account sign-off", "reconciliation:sign-offs", "eye-check", see, "", 53)
        )
        limits = ("reconciliation.manage_limits",)
        register_area(
            Area(
                "Write-offs",
                "How much of a difference may be accepted, and by whom",
                "scale",
                "reconciliation:write-offs",
                limits,
                95,
            )
        )
