"""The nightly count of the days' figures serves every brokerage, with none in scope."""

from reporting.tasks import figures_refresh
from tests.world import World


def test_figures_are_counted_for_every_brokerage_from_no_scope(world: World) -> None:
    """Twice the same: a day that was counted is counted anew."""
    first = figures_refresh(days=1)
    assert first > 0
    assert figures_refresh(days=1) == first
