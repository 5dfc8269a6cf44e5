"""Scores labelled name pairs and prints how well, beside rapidfuzz in the same run."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.core.errors import DomainError
from compliance.screening.bench import (
    PAIR_THRESHOLD,
    PairReport,
    measure_pairs,
    own_score,
    rapidfuzz_score,
    read_pairs,
)


class Command(BaseCommand):
    help = "Score labelled name pairs: F1, precision, recall, per quality tier, time per pair."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--pairs", type=Path, required=True, help="CSV of labelled pairs")
        parser.add_argument("--threshold", type=float, default=PAIR_THRESHOLD)
        parser.add_argument("--wrong", action="store_true", help="list the pairs on a wrong side")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            pairs = read_pairs(options["pairs"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        own = measure_pairs(pairs, "backoffice", own_score, options["threshold"])
        yardstick = measure_pairs(pairs, "rapidfuzz WRatio", rapidfuzz_score)
        if options["json"]:
            self.stdout.write(json.dumps([_figures(own), _figures(yardstick)], indent=2))
            return
        self.stdout.write(f"{len(pairs)} pairs")
        for report in (own, yardstick):
            self._print(report)
        if options["wrong"]:
            for score, pair in sorted(own.wrong, key=lambda each: each[0]):
                self.stdout.write(
                    f"  {score:.3f} {'match' if pair.is_match else 'other':5} {pair.quality:6} "
                    f"{pair.left} | {pair.right}"
                )

    def _print(self, report: PairReport) -> None:
        overall = report.overall
        self.stdout.write(
            f"{report.scorer}: F1 {overall.f1:.3f}, precision {overall.precision:.3f}, "
            f"recall {overall.recall:.3f} at {report.threshold:.2f}; "
            f"F1 {report.held_out:.3f} on halves held out; "
            f"{report.microseconds:.1f} us per pair"
        )
        for quality, each in report.by_quality.items():
            self.stdout.write(
                f"  {quality:6} {each.right}/{each.total} right, F1 {each.f1:.3f}, "
                f"precision {each.precision:.3f}, recall {each.recall:.3f}"
            )


def _figures(report: PairReport) -> dict[str, object]:
    return {
        "scorer": report.scorer,
        "threshold": report.threshold,
        **report.overall._asdict(),
        "held_out_f1": report.held_out,
        "microseconds_per_pair": report.microseconds,
        "by_quality": {name: each._asdict() for name, each in report.by_quality.items()},
    }
