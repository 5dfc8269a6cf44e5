"""Count the day figures of the last days anew: ``manage.py figures_rebuild --days 35``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reporting.tasks import figures_refresh


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=35)

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{figures_refresh(options['days'])} figures")
