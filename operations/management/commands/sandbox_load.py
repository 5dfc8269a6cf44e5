"""Make a brokerage of any size, by seed: what speed is measured against."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.core.clock import now
from backoffice.core.errors import StateConflict
from operations.demo import PASSWORD
from operations.load.brokerage import email, make

SCALE_MAX = 10.0


class Command(BaseCommand):
    help = (
        "Make a brokerage of its own with 1M clients, 5M ledger transfers and 5M deals times"
        " --scale. Its administrator has a known password: for measuring alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scale", type=float, default=0.01)
        parser.add_argument("--tenant", default="load", metavar="SLUG")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--until", type=datetime.fromisoformat, help="where its year ends (default: now)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["scale"] <= SCALE_MAX:
            raise CommandError(f"--scale is above 0 and at most {SCALE_MAX:g}.")
        until = options["until"] or now()
        try:
            size = make(
                slug=options["tenant"],
                scale=options["scale"],
                seed=options["seed"],
                until=until if until.tzinfo else until.replace(tzinfo=UTC),
                say=self.stdout.write,
            )
        except StateConflict as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"sign in as {email(options['tenant'])} with {PASSWORD}")
        self.stdout.write(f"{size.clients:,} clients, {size.deals:,} deals")
