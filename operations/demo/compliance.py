"""The demo's watch list, clients who are like someone on it, and the first night of monitoring."""

from datetime import date

from django.conf import settings

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from clients.models import Client, Desk
from clients.services import client_create, client_move
from clients.states import ClientState
from compliance.lists import active_number, tenant_list_import
from compliance.models import MonitoringRun, TenantList
from compliance.monitoring.definitions import scenarios_install
from compliance.monitoring.run import monitoring_run
from compliance.rescreen import lists_follow
from compliance.screen import client_screen
from compliance.screening.decide import Category
from operations.demo import Demo, step

SOURCE = "demo"
# given names, surname, birth date, country: near entries of the invented list, not all of them true
LIKE_LISTED = (
    ("Ada", "Hartwell", date(1981, 3, 14), "GB"),
    ("Grace", "Whitcomb", date(1999, 1, 5), "GB"),
    ("Ines", "Valderamia", date(1990, 7, 21), "ES"),
)


@step("watch lists", 5)
def watch_lists(actor: Actor, demo: Demo) -> None:
    """The invented list as the brokerage's own, standing for sanctions, before anyone applies."""
    path = settings.DEMO_WATCH_LIST
    if not path.is_file() or active_number(TenantList, SOURCE, actor.tenant_id):
        return
    tenant_list_import(
        actor=demo.actors["compliance"],
        path=path,
        title="Demo watch list (invented)",
        category=Category.SANCTIONS,
        source=SOURCE,
    )


@step("hits", 20)
def hits(actor: Actor, demo: Demo) -> None:
    for given, surname, born, country in LIKE_LISTED:
        email = f"{given}.{surname}@mail.example".lower()
        if Client.objects.filter(tenant_id=actor.tenant_id, email=email).exists():
            continue
        client = client_create(
            actor=actor,
            email=email,
            first_name=given,
            last_name=surname,
            birth_date=born,
            nationality=country,
            residence=country,
            source="demo",
            desk=Desk.objects.filter(tenant_id=actor.tenant_id).order_by("name").first(),
        )
        client = client_move(
            actor=actor, client=client, state=ClientState.APPLICANT, reason="applied"
        )
        client_screen(actor=actor, client=client)


@step("monitoring", 70, opens_scope=True)
def monitoring(actor: Actor, demo: Demo) -> None:
    with tenant_scope(actor.tenant_id, actor):
        scenarios_install(actor=demo.actors["mlro"])
        done = MonitoringRun.objects.filter(tenant_id=actor.tenant_id).exists()
    lists_follow(actor)
    if not done:
        monitoring_run(actor=actor, as_of=today())
