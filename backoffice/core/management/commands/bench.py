"""``manage.py bench NAME --json``: measure one thing beside its yardstick."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import autodiscover_modules

from backoffice.core.bench import Figure, Options, bench_database, machine, runners


class Command(BaseCommand):
    help = "Measure one thing beside its yardstick, on a throw-away database."
    requires_system_checks: list[str] = []  # noqa: RUF012

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")
        parser.add_argument("--rounds", type=int, default=Options.rounds)
        parser.add_argument("--seconds", type=float, default=Options.seconds, help="per side")
        parser.add_argument("--scale", type=float, default=Options.scale, help="of the data")
        parser.add_argument("--quick", action="store_true", help="prove that it runs")

    def handle(self, *args: Any, **options: Any) -> None:
        autodiscover_modules("bench")
        known = runners()
        if options["name"] not in known:
            raise CommandError(f"Known benchmarks: {', '.join(sorted(known))}.")
        asked = Options(
            rounds=1 if options["quick"] else options["rounds"],
            seconds=1.0 if options["quick"] else options["seconds"],
            quick=options["quick"],
            scale=options["scale"],
            say=self._say,
        )
        with bench_database(options["name"]) as database:
            where = machine()
            figures = known[options["name"]](database, asked)
        for figure in figures:
            self._say(self._sentence(figure))
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "name": options["name"],
                        "at_scale": not asked.quick and asked.scale >= 1,
                        "machine": where,
                        "figures": [figure.as_json() for figure in figures],
                    }
                )
            )

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _sentence(self, figure: Figure) -> str:
        return (
            f"{figure.name}: {figure.value:,.1f} {figure.unit}; {figure.yardstick}: "
            f"{figure.yardstick_value:,.1f}; ratio {figure.ratio:.2f}"
        )
