"""Searches names that are on the lists and names that are not, and prints what is found."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backoffice.core.errors import DomainError, InvalidInput
from compliance.screening.bench import (
    SearchReport,
    default_list_paths,
    measure_search,
    memory_mb,
    read_names,
)
from compliance.screening.entities import Kind, ListEntity
from compliance.screening.index import WatchIndex
from compliance.screening.lists import read_list
from compliance.screening.made import innocents, mistyped


class Command(BaseCommand):
    help = "Recall by id, flags per 1,000 and time per name at each threshold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--positives", type=Path, help="CSV with name and id")
        parser.add_argument("--negatives", type=Path, help="CSV with name")
        parser.add_argument(
            "--made",
            type=int,
            help="instead of files: so many listed names mistyped and as many innocents",
        )
        parser.add_argument(
            "--lists",
            type=Path,
            nargs="+",
            help="list files; without them SCREENING_LISTS, else OFAC and UN of the shared data",
        )
        parser.add_argument("--kind", choices=list(Kind), help="search this kind only")
        parser.add_argument("--missed", action="store_true", help="list what 0.85 does not find")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        entities: list[ListEntity] = []
        try:
            for path in options["lists"] or default_list_paths(Path(settings.BASE_DIR)):
                entities += read_list(path).entities
            positives, negatives = _names(entities, options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        before, started = memory_mb(), time.perf_counter()
        index = WatchIndex(entities)
        build_s, index_mb = time.perf_counter() - started, memory_mb() - before
        kind = Kind(options["kind"]) if options["kind"] else None
        report = measure_search(index, positives, negatives, kind=kind)
        if options["json"]:
            figures = index.figures
            self.stdout.write(
                json.dumps(_as_json(report, build_s, index_mb, figures.names), indent=2)
            )
            return
        self.stdout.write(
            f"index: {index.figures.entities} entities, {index.figures.names} names, "
            f"built in {build_s:.2f} s, {index_mb:.0f} MB"
        )
        self._print(report, len(positives), len(negatives))
        if options["missed"]:
            for name, wanted in report.missed:
                self.stdout.write(f"  missed {wanted}: {name}")

    def _print(self, report: SearchReport, positives: int, negatives: int) -> None:
        self.stdout.write(f"{positives} positives, {negatives} negatives")
        times = ", ".join(
            f"{group} p50 {report.p50_ms[group]:.2f} ms p95 {report.p95_ms[group]:.2f} ms"
            for group in report.p50_ms
        )
        for threshold, recall in report.recall.items():
            flags = report.flags_per_thousand[threshold]
            self.stdout.write(
                f"at {threshold:.2f}: recall {recall:.4f}, flags per 1,000 {flags:.2f}; {times}"
            )


Names = list[tuple[str, str]]


def _names(entities: list[ListEntity], options: dict[str, Any]) -> tuple[Names, Names]:
    if options["made"]:
        count = options["made"]
        return mistyped(entities, count), [(name, "") for name in innocents(count)]
    if not options["positives"] or not options["negatives"]:
        raise InvalidInput("Name --positives and --negatives, or say how many to make: --made.")
    return (
        read_names(options["positives"], with_id=True),
        read_names(options["negatives"], with_id=False),
    )


def _as_json(report: SearchReport, build_s: float, index_mb: float, names: int) -> dict[str, Any]:
    return {
        "names": names,
        "build_s": build_s,
        "index_mb": index_mb,
        "recall": report.recall,
        "flags_per_thousand": report.flags_per_thousand,
        "p50_ms": report.p50_ms,
        "p95_ms": report.p95_ms,
    }
