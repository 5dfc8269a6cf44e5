"""``manage.py bench NAME --json``: measure one thing beside its yardstick.

``manage.py bench all`` measures one after the other, each in a process of its own so that none
meets what another left in memory, and ends with a table.
"""

import json
import subprocess
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import autodiscover_modules

from backoffice.core.bench import Figure, Options, bench_database, goal_of, machine, runners

ALL = "all"
COLUMNS = "{:<24}{:>14} {:<22}{:>14}{:>9}  {:<14}{}"


class Command(BaseCommand):
    help = "Measure one thing beside its yardstick, on a database of its own; `all` for each."
    requires_system_checks: list[str] = []  # noqa: RUF012

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")
        parser.add_argument("--rounds", type=int, default=Options.rounds)
        parser.add_argument("--seconds", type=float, default=Options.seconds, help="per side")
        parser.add_argument("--scale", type=float, default=Options.scale, help="of the data")
        parser.add_argument(
            "--keep", action="store_true", help="keep its database, loaded, for the next run"
        )
        parser.add_argument("--only", nargs="+", default=[], help="of its parts, by their names")
        parser.add_argument("--quick", action="store_true", help="prove that it runs")

    def handle(self, *args: Any, **options: Any) -> None:
        autodiscover_modules("bench")
        names = sorted(runners())
        if options["name"] == ALL:
            self._measure_all(names, options)
        elif options["name"] in names:
            self._measure(options)
        else:
            raise CommandError(f"Known benchmarks: {', '.join(names)}; {ALL} for each.")

    def _measure(self, options: dict[str, Any]) -> None:
        asked = Options(
            rounds=1 if options["quick"] else options["rounds"],
            seconds=1.0 if options["quick"] else options["seconds"],
            quick=options["quick"],
            scale=options["scale"],
            only=tuple(options["only"]),
            say=self._say,
        )
        name = options["name"]
        kept_as = f"{asked.scale:g}" if options["keep"] and not asked.quick else ""
        with bench_database(name, kept_as=kept_as) as database:
            where = machine()
            figures = runners()[name](database, asked)
        for figure in figures:
            self._say(self._sentence(figure))
        if options["json"]:
            result = {
                "name": name,
                "at_scale": not asked.quick and not asked.only and asked.scale >= 1,
                "machine": where,
                "figures": [figure.as_json() for figure in figures],
            }
            self._say(json.dumps(result))

    def _measure_all(self, names: list[str], options: dict[str, Any]) -> None:
        results = {name: self._child(name, options) for name in names}
        self._say(
            "\n" + COLUMNS.format("figure", "value", "unit", "yardstick", "ratio", "goal", "")
        )
        for name, result in results.items():
            if result is None:
                self._say(f"{name}: FAILED, see above")
                continue
            for figure in result["figures"]:
                self._say(self._row(name, figure))
        if options["json"]:
            self._say(json.dumps([result for result in results.values() if result]))
        failed = [name for name, result in results.items() if result is None]
        if failed:
            raise CommandError(f"Did not come to an end: {', '.join(failed)}.")

    def _child(self, name: str, options: dict[str, Any]) -> dict[str, Any] | None:
        """The JSON of one benchmark, whose other lines are passed on; None when it failed."""
        self._say(f"\n{name}")
        command = [sys.executable, sys.argv[0], "bench", name, "--json"]
        for option in ("rounds", "seconds", "scale"):
            command += [f"--{option}", str(options[option])]
        command += [f"--{flag}" for flag in ("quick", "keep") if options[flag]]
        last = ""
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603
            assert child.stdout is not None
            for line in child.stdout:
                if last:
                    self._say(f"  {last}")
                last = line.rstrip()
        if child.returncode:
            self._say(f"  {last}")
            return None
        found: dict[str, Any] = json.loads(last)
        return found

    def _row(self, bench: str, figure: dict[str, Any]) -> str:
        goal = goal_of(bench, figure["name"])
        verdict = ""
        if goal is not None:
            verdict = "met" if goal.met(figure["value"], figure["ratio"]) else "MISSED"
        return COLUMNS.format(
            f"{bench}.{figure['name']}",
            f"{figure['value']:,.1f}",
            figure["unit"],
            f"{figure['yardstick_value']:,.1f}",
            f"{figure['ratio']:.2f}",
            str(goal or ""),
            verdict,
        )

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _sentence(self, figure: Figure) -> str:
        return (
            f"{figure.name}: {figure.value:,.1f} {figure.unit}; {figure.yardstick}: "
            f"{figure.yardstick_value:,.1f}; ratio {figure.ratio:.2f}"
        )
