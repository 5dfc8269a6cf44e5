from uuid import UUID

from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "clients"

    def ready(self) -> None:
        from backoffice.portal import search
        from backoffice.portal.navigation import Entry, register
        from backoffice.portal.settings_pages import Area, register_area
        from backoffice.workflow import moves
        from clients import actions, desks, states  # noqa: F401
        from clients.ownership.states import PARTY
        from clients.services import SEARCH_KIND
        from clients.views.pages import register_tabs

        moves.register(states.CLIENT)
        moves.register(states.DOCUMENT)
        moves.register(PARTY)
        register_tabs()
        desks.register()
        register_area(
            Area(
                "Desks",
                "Teams, and whose clients they see",
                "users-group",
                "clients:desks",
                (desks.MANAGE,),
                45,
            )
        )
        register(
            Entry("Work", "Clients", "clients:list", "users", ("clients.view_client",), "c", 10)
        )
        search.register(
            search.Kind(SEARCH_KIND, "Clients", "users", "clients.view_client", _url, order=10)
        )


def _url(pk: UUID) -> str:
    return f"/clients/{pk}/"
