from uuid import UUID

from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "clients"

    def ready(self) -> None:
        from backoffice.portal import search
        from backoffice.workflow import moves
        from clients import actions, states  # noqa: F401
        from clients.services import SEARCH_KIND

        moves.register(states.CLIENT)
        moves.register(states.DOCUMENT)
        search.register(
            search.Kind(SEARCH_KIND, "Clients", "users", "clients.view_client", _url, order=10)
        )


def _url(pk: UUID) -> str:
    return f"/clients/{pk}/"
