"""A client money report waits for a signature, and the dashboards know the last month."""

from django.core.management import CommandError, call_command

from backoffice.core.context import Actor
from operations.demo import Demo, step


@step("reports", 900, opens_scope=True)
def reports(actor: Actor, demo: Demo) -> None:
    # Last: no step books into a day that is closed. By command, since reports stand beside
    # operations and neither knows the other.
    call_command("figures_rebuild", "--days", "35", verbosity=0)
    try:
        call_command("client_money_run", demo.tenant.slug, "--days-back", "2")
    except CommandError as refusal:  # books that don't verify are a finding, not a broken demo
        print(f"  {refusal}")  # noqa: T201
