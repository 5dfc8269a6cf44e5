from uuid import UUID

from django.apps import AppConfig


class IbConfig(AppConfig):
    name = "ib"

    def ready(self) -> None:
        from backoffice.portal import desks, search
        from backoffice.portal.navigation import Entry, register
        from backoffice.workflow import moves, queues
        from ib import actions, approvals, handlers, states, tabs  # noqa: F401
        from ib.services.partners import SEARCH_KIND
        from ib.services.payouts import QUEUE

        moves.register(states.PARTNER)
        desks.register("ib.Partner", desks.by_client(self.get_model("Partner")))
        desks.register("ib.Payout", desks.by_client(self.get_model("Payout"), "partner__client"))
        moves.register(states.VERSION)
        moves.register(states.PAYOUT)
        approvals.register()
        tabs.register()
        register(Entry("Work", "Partners", "ib:list", "sitemap", ("ib.view_partner",), "p", 50))
        queues.register(
            queues.Queue(
                code=QUEUE,
                label="Partner payouts",
                permission="ib.approve_payout",
                icon="sitemap",
                list_url="ib:payouts",
                url=_payout_url,
                due_minutes=24 * 60,
                due_minutes_urgent=4 * 60,
                order=60,
            )
        )
        search.register(
            search.Kind(SEARCH_KIND, "Partners", "sitemap", "ib.view_partner", _url, order=30)
        )


def _url(pk: UUID) -> str:
    return f"/partners/{pk}/"


def _payout_url(pk: UUID) -> str:
    return f"/partner-payouts/{pk}/"
