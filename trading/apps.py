from uuid import UUID

from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "trading"

    def ready(self) -> None:
        from backoffice.portal import desks, search
        from backoffice.workflow import moves
        from backoffice.workflow.versions import register_track
        from trading import (  # noqa: F401
            actions,
            approvals,
            client_tabs,
            handlers,
            lists,
            money,
            states,
        )
        from trading.leverage import control  # noqa: F401 - registers itself
        from trading.leverage.versions import TRACK
        from trading.services.accounts import SEARCH_KIND

        register_track(TRACK)
        moves.register(states.ACCOUNT)
        desks.register("trading.Account", desks.by_client(self.get_model("Account")))
        moves.register(states.CHANGE)
        moves.register(states.OPERATION)
        approvals.register()
        client_tabs.register()
        _navigate()
        search.register(search.Kind(SEARCH_KIND, "Accounts", "chart-candle", VIEW, _url, order=30))


VIEW = "trading.view_account"


def _navigate() -> None:
    from backoffice.portal.navigation import Entry, register
    from backoffice.portal.settings_pages import Area, register_area

    view, servers = (VIEW,), ("trading.manage_servers",)
    register(Entry("Work", "Accounts", "trading:accounts", "chart-candle", view, "t", 30))
    register(Entry("Work", "Deals", "trading:deals", "list-details", view, order=31))
    register(Entry("Work", "Positions", "trading:positions", "trending-up", view, order=32))
    register(
        Entry("Work", "Balance operations", "trading:operations", "arrows-exchange", view, order=34)
    )
    register(Entry("Settings", "Trading servers", "trading:servers", "server", servers, order=40))
    register(Entry("Work", "Leverage caps", "trading:leverage", "gauge", view, order=35))
    text = "How much leverage clients may have by residence and category, and who is above"
    register_area(Area("Leverage caps", text, "gauge", "trading:leverage", view, 71))
    text = "MetaTrader servers, the groups that are offered, how they are read"
    register_area(Area("Trading servers", text, "server", "trading:servers", servers, 70))


def _url(pk: UUID) -> str:
    return f"/trading/accounts/{pk}/"
