from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "compliance"

    def ready(self) -> None:
        from backoffice.portal import desks
        from backoffice.portal.navigation import Entry, register
        from backoffice.workflow import moves
        from clients.followers import follow
        from compliance import (
            actions,  # noqa: F401 - registers itself
            handlers,
            held,  # noqa: F401 - registers itself
            hits,
            party_handlers,
            policy,
            queues,  # noqa: F401 - registers itself
            related,
            release,
            states,
            tabs,
        )
        from compliance.risk import approvals as risk_approvals
        from compliance.risk import changes, services, trials  # noqa: F401 - register themselves
        from compliance.risk import states as risk_states
        from kyc import checks
        from kyc.parties import checks as party_checks
        from payments import release_checks

        moves.register(states.HIT)
        for name in ("Hit", "Alert", "RiskAssessment"):
            desks.register(f"compliance.{name}", desks.by_client(self.get_model(name)))
        moves.register(states.ALERT)
        hits.register_approval()
        policy.register_approval()
        moves.register(risk_states.MODEL)
        moves.register(risk_states.TRIAL)
        risk_approvals.register_approval()
        follow("changed", services.CLIENT_CHANGED)
        follow("means_declared", services.MEANS_DECLARED)
        checks.register(handlers.CHECK, handlers.screen_case, label="Screening")
        follow("changed", handlers.CHANGED)
        follow("party_changed", party_handlers.RELATED_TOPIC)
        party_checks.register(handlers.CHECK, related.related_answers)
        release_checks.register(release.CODE, release.release_check)
        tabs.register()
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
        register(
            Entry(
                "Work", "Scenarios", "compliance:scenarios", "activity",
                ("compliance.view_monitoring",), order=62,
            )
        )  # fmt: skip
        register(
            Entry(
                "Work", "Risk model", "compliance:risk", "activity",
                ("compliance.view_monitoring",), order=63,
            )
        )  # fmt: skip
