from __future__ import annotations

import json
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reconciliation.importers.cli import statement_parse
from reconciliation.importers.csv_mapping import CsvMapping, MappingError


class Command(BaseCommand):
    help = "Print what the importers understand of a bank statement file, as JSON."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--mapping", type=Path, help="JSON file with the CSV column mapping")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            mapping = _mapping(options["mapping"])
            write = partial(self.stdout.write, ending="")
            statement_parse(options["file"], write, mapping=mapping)
        except OSError as error:
            raise CommandError(f"The file can't be read: {error}") from error


def _mapping(path: Path | None) -> CsvMapping | None:
    if path is None:
        return None
    try:
        data = json.loads(path.read_bytes())
        if not isinstance(data, dict):
            raise MappingError("The mapping is not a JSON object.")
        return CsvMapping.from_json(data)
    except ValueError as error:  # JSON errors and MappingError
        raise CommandError(f"The mapping can't be used: {error}") from error
