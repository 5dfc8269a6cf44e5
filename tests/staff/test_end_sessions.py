"""Where one is signed in, and ending it."""

from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.test import Client

from backoffice.audit.models import AuditEntry
from backoffice.tenancy.scope import tenant_scope
from tests.world import World

Browse = Callable[[str], Client]
SESSIONS = "/accounts/sessions/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"


def _at_work(browse: Browse, name: str, user_agent: str = "") -> Client:
    client = browse(name)
    assert client.get("/", headers={"User-Agent": user_agent}).status_code == 200
    return client


def _pk(client: Client) -> int:
    return int(UserSession.objects.get(session_key=client.session.session_key).pk)


def test_each_session_is_shown_with_its_browser_and_address(world: World, browse: Browse) -> None:
    here = _at_work(browse, "sam")
    _at_work(browse, "sam", FIREFOX)
    _at_work(browse, "adam", "somebody else's")
    page = here.get(SESSIONS).content.decode()
    assert "Firefox on Windows" in page
    assert page.count("127.0.0.1") == 2
    assert "somebody else" not in page


def test_one_session_is_ended_and_the_others_stay(world: World, browse: Browse) -> None:
    here, there, third = (_at_work(browse, "sam") for _ in range(3))
    answer = here.post(SESSIONS, {"session": _pk(there)})
    assert answer["Location"] == SESSIONS
    assert there.get("/")["Location"].startswith("/accounts/login/")
    assert here.get("/").status_code == third.get("/").status_code == 200
    with tenant_scope(world.aurora.pk):
        ended = AuditEntry.objects.filter(tenant=world.aurora, action="staff.session_ended")
        assert [entry.actor_name for entry in ended] == ["Sam"]


def test_all_others_are_ended_and_this_one_stays(world: World, browse: Browse) -> None:
    here, there, third = (_at_work(browse, "sam") for _ in range(3))
    here.post(SESSIONS, {"session": "others"})
    for ended in (there, third):
        assert ended.get("/")["Location"].startswith("/accounts/login/")
    assert here.get("/").status_code == 200
    assert UserSession.objects.filter(user=world.user("sam")).count() == 1


def test_ending_ones_own_session_signs_out(world: World, browse: Browse) -> None:
    here = _at_work(browse, "sam")
    assert here.post(SESSIONS, {"session": _pk(here)})["Location"] == "/accounts/login/"
    assert here.get("/")["Location"].startswith("/accounts/login/")


def test_nobody_ends_the_session_of_another(world: World, browse: Browse) -> None:
    adam = _at_work(browse, "adam")
    _at_work(browse, "sam").post(SESSIONS, {"session": _pk(adam)})
    assert adam.get("/").status_code == 200


def test_sessions_are_shown_to_no_stranger(db: None) -> None:
    assert Client().get(SESSIONS)["Location"].startswith("/accounts/login/")
