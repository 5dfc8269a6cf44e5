"""Home shows what each person answers for, from figures counted beforehand."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from django.test import Client
from django.urls import reverse

from backoffice.core.clock import today
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.queues import item_claim, item_for
from reporting.figures import count_day, read_days
from reporting.models import DayFigure
from reporting.tasks import figures_refresh
from tests.compliance.factories import make_hit
from tests.reporting.money import House
from tests.world import World

Browse = Callable[[str], Client]
HTMX = {"HTTP_HX_REQUEST": "true"}


def test_the_live_part_is_sent_again_only_when_it_changed(world: World, browse: Browse) -> None:
    anna = browse("anna")
    first = anna.get("/", **HTMX)  # type: ignore[arg-type]
    tag = first["ETag"]
    assert anna.get("/", **HTMX, HTTP_IF_NONE_MATCH=tag).status_code == 304  # type: ignore[arg-type]
    with tenant_scope(world.aurora.pk):
        DayFigure.objects.create(
            day=today(world.aurora.timezone), code="deposits", currency="EUR", value=Decimal("12.5")
        )
    again = anna.get("/", **HTMX, HTTP_IF_NONE_MATCH=tag)  # type: ignore[arg-type]
    assert (again.status_code, b"12.50" in again.content) == (200, True)


def test_today_stands_beside_the_same_weekday_and_each_sees_their_own_numbers(
    world: World, browse: Browse
) -> None:
    day = today(world.aurora.timezone)
    with tenant_scope(world.aurora.pk):
        for back, value in ((0, "100"), (7, "250")):
            DayFigure.objects.create(
                day=day - timedelta(days=back), code="deposits", currency="EUR", value=value
            )
    page = browse("pavel").get("/").content.decode()
    assert f"{day:%A} last week: 250.00 EUR" in page
    assert "home-chart" in page
    assert "Deposits today" not in browse("sam").get("/").content.decode()
    assert "KYC cases decided" in browse("carla").get("/").content.decode()


def test_what_i_took_is_on_my_home_and_on_nobody_elses(
    world: World, browse: Browse, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        hit = make_hit(carla, tmp_path)
        item = item_for(carla, "hits", hit.pk)
        assert item is not None
        item_claim(actor=carla, item=item)
    link = f'href="{reverse("compliance:hit", args=[hit.pk])}"'
    mine, others = (browse(name).get("/").content.decode() for name in ("carla", "miles"))
    assert (mine.count(link), "1 mine" in mine) == (1, True)
    assert (others.count(link), "1 mine" in others) == (0, False)


def test_what_is_nothing_is_said_in_words_and_times_as_one_says_them(
    world: World, browse: Browse
) -> None:
    day = today(world.aurora.timezone)
    empty = browse("pavel").get("/").content.decode()
    assert "None approved" in empty
    assert f"{day:%A} last week: none" in empty
    assert "none waiting" in empty
    assert not re.search(r"0\.00|0 late|0 mine", empty)
    with tenant_scope(world.aurora.pk):
        for back, minutes in ((0, "58.95"), (7, "0.5")):
            DayFigure.objects.create(
                day=day - timedelta(days=back), code="approve_minutes", value=minutes
            )
        DayFigure.objects.create(
            day=day - timedelta(days=7), code="withdrawals", currency="EUR", value="-1250"
        )
    page = browse("pavel").get("/").content.decode()
    assert "59 min" in page
    assert f"{day:%A} last week: 30 s" in page
    assert f"{day:%A} last week: −1,250.00 EUR" in page
    with tenant_scope(world.aurora.pk):
        DayFigure.objects.filter(day=day, code="approve_minutes").update(value="125")
    assert "2 h 5 min" in browse("pavel").get("/").content.decode()


def test_the_job_counts_today_and_yesterday_of_every_brokerage(house: House) -> None:
    house.client("C-1")
    assert figures_refresh() == figures_refresh() > 0
    day = today(house.world.aurora.timezone)
    with tenant_scope(house.actor.tenant_id, house.actor):
        assert read_days(house.actor, [day])[day, "clients_new", ""].count == 1


def test_a_day_is_counted_anew_not_twice(house: House) -> None:
    house.client("C-1")
    actor, day = house.actor, today(house.world.aurora.timezone)
    with tenant_scope(actor.tenant_id, actor):
        assert count_day(actor=actor, day=day) == count_day(actor=actor, day=day)
        assert read_days(actor, [day])[day, "clients_new", ""].count == 1
