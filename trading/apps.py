from uuid import UUID

from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "trading"

    def ready(self) -> None:
        from backoffice.portal import search
        from backoffice.workflow import moves
        from trading import actions, handlers, money, states  # noqa: F401
        from trading.services.accounts import SEARCH_KIND

        moves.register(states.ACCOUNT)
        moves.register(states.CHANGE)
        moves.register(states.OPERATION)
        search.register(
            search.Kind(SEARCH_KIND, "Accounts", "chart", "trading.view_account", _url, order=30)
        )


def _url(pk: UUID) -> str:
    return f"/trading/accounts/{pk}/"
