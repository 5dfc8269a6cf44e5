"""``manage.py bench``: which benchmarks there are, and when a figure meets its goal."""

import pytest
from django.core.management import CommandError, call_command
from django.utils.module_loading import autodiscover_modules

from backoffice.core.bench import Figure, Goal, Options, goal_of, interleave, runners


def test_every_published_benchmark_is_known() -> None:
    autodiscover_modules("bench")
    assert {"ledger", "pages", "deals", "commissions", "screening", "webhooks"} <= set(runners())
    with pytest.raises(CommandError, match="Known benchmarks: .*ledger.*; all for each"):
        call_command("bench", "nothing")


def test_a_goal_says_whether_a_figure_reaches_it() -> None:
    twice, quick = Goal(ratio_min=2), Goal(value_max=60)
    figure = Figure("posts", 199, "posts/s", "another ledger", 100)
    assert not twice.met(figure.value, figure.ratio)
    assert twice.met(200, 2.0)
    assert quick.met(60, 0.1)
    assert not quick.met(60.1, 9)
    assert (str(twice), str(quick)) == ("ratio >= 2", "<= 60")


def test_a_slow_round_weighs_on_both_sides_alike() -> None:
    ours, theirs = iter([90, 45, 180]), iter([100, 50, 100])
    said: list[str] = []
    found = interleave(
        Options(rounds=3, say=said.append),
        {"ours": lambda: next(ours), "theirs": lambda: next(theirs)},
        "posts/s",
    )
    assert found["ours"] / found["theirs"] == pytest.approx(0.9)
    assert said[1] == "round 2/3: ours 45, theirs 50 posts/s"


def test_the_goals_of_the_ledger_are_the_published_ones() -> None:
    autodiscover_modules("bench")
    names = ("single_post", "service_post", "batch_1000")
    assert [str(goal_of("ledger", name)) for name in names] == [
        "ratio >= 0.8",
        "ratio >= 4",
        "ratio >= 5",
    ]
    assert goal_of("deals", "deals_synced") is None
