"""The demo's watch list, clients who are like someone on it, and the first night of monitoring."""

from datetime import UTC, date, datetime, timedelta

from django.conf import settings

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.approvals import approval_vote, pending_for
from clients.models import Client, Desk
from clients.services import client_create, client_move
from clients.states import ClientState
from compliance.hits import hit_decide
from compliance.lists import active_number, tenant_list_import
from compliance.models import Hit, MonitoringRun, TenantList
from compliance.monitoring.definitions import scenarios_install
from compliance.monitoring.run import monitoring_run
from compliance.rescreen import lists_follow
from compliance.screen import client_screen
from compliance.screening.decide import Category
from compliance.states import HitState
from operations.demo import Demo, step

SOURCE = "demo"
# given names, surname, birth date, country, hours ago, how far the officers came: near entries of
# the invented list, not all of them true
LIKE_LISTED = (
    ("Eva", "Lindgrenson", date(1994, 12, 1), "SE", 310.0, "dismissed"),
    ("Hugo", "Marchetti", date(1969, 11, 2), "IT", 146.0, "confirmed"),
    ("Dmitri", "Petrovanov", date(1970, 10, 10), "LV", 27.0, "proposed"),
    ("Femi", "Drayle", date(1986, 2, 4), "NG", 49.5, "proposed"),
    ("Karim", "Qadirani", date(1972, 5, 9), "AE", 23.2, "open"),
    ("Bo", "Kowalchuk", date(1976, 4, 11), "PL", 14.6, "open"),
    ("Ada", "Hartwell", date(1996, 8, 2), "GB", 8.9, "open"),
    ("Dilan", "Yilmazdag", date(1979, 6, 23), "TR", 7.1, "open"),
    ("Grace", "Whitcomb", date(1999, 1, 5), "GB", 5.2, "open"),
    ("Chen", "Zhaoling", date(1983, 1, 30), "CN", 4.0, "open"),
    ("Jun", "Parkson", date(1991, 9, 17), "KR", 3.1, "open"),
    ("Ines", "Valderamia", date(1990, 7, 21), "ES", 0.6, "open"),
)


@step("watch lists", 5)
def watch_lists(actor: Actor, demo: Demo) -> None:
    """The invented list as the brokerage's own, standing for sanctions, before anyone applies."""
    path = settings.DEMO_WATCH_LIST
    if TenantList.objects.filter(tenant_id=actor.tenant_id).exists():
        return
    demo.past.go(demo.opened_at + timedelta(minutes=30))
    if not path.is_file() or active_number(TenantList, SOURCE, actor.tenant_id):
        return
    tenant_list_import(
        actor=demo.actors["compliance"],
        path=path,
        title="Demo watch list (invented)",
        category=Category.SANCTIONS,
        source=SOURCE,
    )


@step("hits", 20, opens_scope=True)
def hits(actor: Actor, demo: Demo) -> None:
    people = LIKE_LISTED if demo.tenant.slug == "aurora" else LIKE_LISTED[2:]
    for given, surname, born, country, hours, stage in people:
        email = f"{given}.{surname}@mail.example".lower()
        with tenant_scope(actor.tenant_id, actor):
            if Client.objects.filter(tenant_id=actor.tenant_id, email=email).exists():
                continue
        came_at = datetime.now(UTC) - timedelta(hours=hours)
        demo.past.go(came_at)
        with tenant_scope(actor.tenant_id, actor):
            desk = Desk.objects.filter(tenant_id=actor.tenant_id).order_by("name").first()
            client = client_create(
                actor=demo.actors["support"],
                email=email,
                first_name=given,
                last_name=surname,
                birth_date=born,
                nationality=country,
                residence=country,
                source="website",
                desk=desk,
            )
            client = client_move(
                actor=actor, client=client, state=ClientState.APPLICANT, reason="applied"
            )
            client_screen(actor=actor, client=client)
        if stage != "open":
            demo.past.go(came_at + timedelta(hours=2))
            _decide(demo, client, stage)
    demo.past.home()
    outbox.drain(actor)


def _decide(demo: Demo, client: Client, stage: str) -> None:
    """An officer's verdict on the client's hits; but for ``proposed``, the second person's too."""
    officer, mlro = demo.actors["compliance"], demo.actors["mlro"]
    confirmed = stage == "confirmed"
    verdict = HitState.CONFIRMED if confirmed else HitState.FALSE_POSITIVE
    with tenant_scope(officer.tenant_id, officer):
        for hit in Hit.objects.filter(tenant_id=officer.tenant_id, client=client):
            hit_decide(
                actor=officer,
                hit=hit,
                verdict=verdict,
                reason="particulars" if confirmed else "birth_date",
                note="Passport and list entry compared.",
            )
            approval = pending_for(mlro, hit.pk)
            if approval is not None and stage != "proposed":
                approval_vote(actor=mlro, approval=approval, approves=True)


@step("monitoring", 70, opens_scope=True)
def monitoring(actor: Actor, demo: Demo) -> None:
    with tenant_scope(actor.tenant_id, actor):
        scenarios_install(actor=demo.actors["mlro"])
        done = MonitoringRun.objects.filter(tenant_id=actor.tenant_id).exists()
    lists_follow(actor)
    if not done:
        monitoring_run(actor=actor, as_of=today())
