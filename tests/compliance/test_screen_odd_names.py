"""Names in any script, of one letter, of none, of hundreds, and dates that were never: each has a
clear outcome on the case, and none passes for being on no list."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from compliance.consequences import answer_for
from compliance.screen import client_screen
from kyc.models import CheckOutcome
from tests.clients.factories import make_lead
from tests.compliance.factories import make_own_list
from tests.world import World

Browse = Callable[[str], Browser]
LISTED = (
    'K1,person,"KIM, Jong Un",,,KP,male,',
    'K2,person,"MALINKOV, Vladimir",,,RU,male,',
    'K3,person,"AL-ZAHRANI, Mohammed",,,SA,male,',
    'K4,person,"LI, Ming",,,CN,,',
    'K5,person,"PAPADOPOULOS, Alexandros",,,GR,male,',
)


@pytest.fixture
def carla(world: World) -> Iterator[Actor]:
    actor = world.actor("carla")
    with tenant_scope(world.aurora.pk, actor):
        yield actor


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("", "金正恩"),
        ("", "김정은"),
        ("Владимир", "Малинков"),
        ("محمد", "الزهراني"),
        ("明", "李"),
        ("Αλέξανδρος", "Παπαδόπουλος"),
        ("Vlädïmîr", "Malinkov"),
        ("VLADIMIR", "M\u0430linkov"),  # one letter of another alphabet among Latin ones
    ],
)
def test_a_listed_name_is_found_in_its_own_script(
    carla: Actor, tmp_path: Path, first: str, last: str
) -> None:
    make_own_list(carla, tmp_path, *LISTED)
    client = make_lead(carla, first_name=first, last_name=last)
    assert len(client_screen(actor=carla, client=client)) == 1
    assert answer_for(carla, client).outcome == CheckOutcome.HIT


@pytest.mark.parametrize(
    ("first", "last"), [("", "---"), ("", "X"), ("", "."), ("", "\u200b\u200b"), ("", "☺☺")]
)
def test_a_name_that_cannot_be_compared_is_not_called_clear(
    carla: Actor, tmp_path: Path, first: str, last: str
) -> None:
    make_own_list(carla, tmp_path, *LISTED)
    client = make_lead(carla, first_name=first, last_name=last)
    client_screen(actor=carla, client=client)
    answer = answer_for(carla, client)
    assert answer.outcome == CheckOutcome.ERROR
    assert "too few letters" in answer.summary


@pytest.mark.parametrize(
    ("first", "last"), [("A" * 80, "B" * 80), ("Wilhelmina " * 7, "Murray " * 11), ("O", "Murray")]
)
def test_a_very_long_name_and_an_initial_are_searched_like_any_other(
    carla: Actor, tmp_path: Path, first: str, last: str
) -> None:
    make_own_list(carla, tmp_path, *LISTED)
    client = make_lead(carla, first_name=first.strip(), last_name=last.strip())
    client_screen(actor=carla, client=client)
    assert answer_for(carla, client).outcome == CheckOutcome.CLEAR


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"name": "---"}, "too few letters"),
        ({"name": "Kim Jong Un", "birth_date": "1984-02-31"}, "valid date"),
        ({"name": "Kim Jong Un", "birth_date": "0000-00-00"}, "valid date"),
        ({"name": "K" * 300}, "at most 200"),
        ({"name": "Kim Jong Un", "country": "Korea"}, "valid value"),
    ],
)
def test_a_search_by_hand_says_what_is_wrong(
    browse: Browse, asked: dict[str, str], said: str
) -> None:
    answer = browse("carla").get(reverse("compliance:name-search"), asked)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_an_impossible_date_of_a_list_is_noted_and_the_person_kept(
    carla: Actor, tmp_path: Path
) -> None:
    row = 'K1,person,"KIM, Jong Un",,1984-02-31;0000-00-00;1984-01-08,KP,male,'
    version = make_own_list(carla, tmp_path, row)
    assert (version.entities_count, version.notes_count) == (1, 2)
