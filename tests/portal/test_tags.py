"""What the template tags write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from backoffice.core.money import Money

NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _at_half_past_nine() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False), timezone.override("Europe/Nicosia"):
        yield


def written(source: str, **context: Any) -> str:
    return Template("{% load portal %}" + source).render(Context(context))


def ago(**span: float) -> dt.datetime:
    return NOW - dt.timedelta(**span)


@pytest.mark.parametrize(
    ("value", "currency", "digits"),
    [
        (Money(Decimal("1250"), "EUR"), "EUR", "1,250.00"),
        (Money(Decimal("-1250.5"), "EUR"), "EUR", "\u22121,250.50"),
        (Money(Decimal("250000"), "JPY"), "JPY", "250,000"),
        (Money(Decimal("1.5"), "BTC"), "BTC", "1.50000000"),
        (Money(Decimal("0"), "KWD"), "KWD", "0.000"),
    ],
)
def test_money_shows_every_booked_digit_and_its_currency(
    value: Money, currency: str, digits: str
) -> None:
    html = written("{% money value %}", value=value)
    assert html == f'<span class="money">{digits}<span class="cur">{currency}</span></span>'


def test_money_takes_an_amount_and_a_currency_and_never_rounds() -> None:
    html = written('{% money value "EUR" signed=True %}', value=Decimal("0.12345"))
    assert html == '<span class="money">+0.12345<span class="cur">EUR</span></span>'


def test_no_money_is_a_dash_and_not_a_zero() -> None:
    assert written("{% money value %}", value=None) == '<span class="muted">–</span>'


def test_money_follows_the_language_of_the_viewer() -> None:
    with translation.override("de"):
        html = written("{% money value %}", value=Money(Decimal("1250.5"), "EUR"))
    assert html == '<span class="money">1.250,50<span class="cur">EUR</span></span>'


def test_a_badge_takes_a_colour_and_a_word_or_a_state_that_has_both() -> None:
    class Approved:
        colour = "good"
        label = "Approved"

    html = '<span class="state is-good">Approved</span>'
    assert written('{% badge "good" "Approved" %}') == html
    assert written("{% badge state %}", state=Approved()) == html


def test_a_badge_of_a_colour_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="'green' is no state colour"):
        written('{% badge "green" "Approved" %}')


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (ago(seconds=20), "now"),
        (ago(minutes=42), "42 min"),
        (ago(hours=3), "3 h"),
        (ago(days=9), "9 d"),
        (ago(days=45), "1 mo"),
        (ago(days=800), "2 y"),
        (ago(hours=-3), "in 3 h"),
    ],
)
def test_a_time_is_a_distance_with_the_exact_moment_on_hover(
    moment: dt.datetime, text: str
) -> None:
    html = written("{% time moment %}", moment=moment)
    assert html.endswith(f'data-time="ago">{text}</time>')
    assert f'datetime="{moment:%Y-%m-%dT%H:%M:%SZ}"' in html


def test_a_time_says_the_viewers_zone_and_utc() -> None:
    html = written("{% time moment %}", moment=ago(minutes=42))
    assert 'title="22 Nov 2026, 10:48:00 EET (22 Nov 2026, 08:48:00 UTC)"' in html


def test_an_exact_time_comes_first_and_stands_still() -> None:
    html = written("{% time moment exact=True %}", moment=ago(minutes=42))
    assert html.endswith(">22 Nov 2026, 10:48:00</time>")
    assert "data-time" not in html


def test_a_date_is_written_as_a_date() -> None:
    html = written("{% time day %}", day=dt.date(2032, 4, 15))
    assert html == '<time datetime="2032-04-15">15 Apr 2032</time>'


@pytest.mark.parametrize(
    ("deadline", "tone", "text"),
    [
        (ago(hours=-3, minutes=-18), "text-2", "in 3:18"),
        (ago(minutes=-8), "is-soon", "in 0:08"),
        (ago(minutes=70), "is-late", "late 1:10"),
        (ago(days=-3), "text-2", "in 3 days"),
    ],
)
def test_a_deadline_says_what_is_left_and_how_it_stands(
    deadline: dt.datetime, tone: str, text: str
) -> None:
    html = written("{% due deadline %}", deadline=deadline)
    assert html.startswith(f'<time class="{tone}"')
    assert html.endswith(f">{text}</time>")


def test_a_wait_runs_in_hours_and_minutes_and_then_in_days() -> None:
    assert written("{% age since %}", since=ago(minutes=42)).endswith(">00:42</time>")
    assert written("{% age since %}", since=ago(days=2, hours=3)).endswith(">2 d 03 h</time>")


def test_a_reference_copies_itself_or_leads_to_its_record() -> None:
    alone = written('{% ref "W-26-01832" %}')
    assert alone.startswith('<button type="button" class="ref" data-copy')
    linked = written('{% ref "W-26-01832" url="/w/1/" %}')
    assert '<a class="ref" href="/w/1/">W-26-01832</a>' in linked
    assert 'data-copy="W-26-01832"' in linked


@pytest.mark.parametrize(
    "source",
    [
        '{% badge "good" evil %}',
        '{% badge "good" "x" hint=evil %}',
        "{% ref evil %}",
        "{% ref evil url=evil %}",
        "{% actor evil %}",
        "{% money 1 evil %}",
        '{% icon "x" evil %}',
        '{% dot "good" evil %}',
        "{% sparkline series evil %}",
        "{% meter 1 label=evil %}",
        "{{ evil|shown }}",
        "{% panel evil %}{{ evil }}{% endpanel %}",
    ],
)
def test_no_tag_lets_markup_of_others_through(source: str) -> None:
    html = written(source, evil="\"><script>alert('x')</script>", series=[1, 2])
    assert "<script" not in html
    assert '"">' not in html.replace('alt="">', "")


def test_an_actor_is_a_person_with_initials_or_the_system() -> None:
    assert ">OM</span>Olga Marinou</span>" in written('{% actor "Olga Marinou" %}')
    assert written("{% actor nobody face=False %}", nobody=None) == (
        '<span class="actor">System</span>'
    )


def test_a_sparkline_spans_its_box_and_needs_two_points() -> None:
    html = written("{% sparkline series %}", series=[Decimal(1), Decimal(3), Decimal(2)])
    assert '<path d="M0 24L50 2L100 13"/>' in html
    assert written("{% sparkline series %}", series=[1]) == ""


def test_a_flat_sparkline_runs_through_the_middle() -> None:
    assert 'd="M0 13L100 13"' in written("{% sparkline series %}", series=[5, 5])


def test_the_query_tag_replaces_adds_and_removes() -> None:
    request = RequestFactory().get("/?state=held&page=3&sort=amount")
    html = written("{% query page=None sort='age' desk='2' %}", request=request)
    assert html == "?state=held&amp;sort=age&amp;desk=2"


def test_any_value_is_shown_as_its_kind() -> None:
    shown = {
        "money": Money(Decimal(5), "EUR"),
        "yes": True,
        "count": 1234,
        "nothing": None,
        "text": "Cyprus",
    }
    html = {name: written("{{ value|shown }}", value=value) for name, value in shown.items()}
    assert html == {
        "money": '<span class="money">5.00<span class="cur">EUR</span></span>',
        "yes": "yes",
        "count": "1,234",
        "nothing": '<span class="muted">–</span>',
        "text": "Cyprus",
    }
