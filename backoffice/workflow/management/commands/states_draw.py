"""Draw every state machine into docs/states; ``--check`` only says which drawings are stale."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.workflow import drawings


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks: Any = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            if stale := drawings.stale():
                raise CommandError(f"Stale: {', '.join(stale)}. Run manage.py states_draw.")
            return
        drawings.folder().mkdir(parents=True, exist_ok=True)
        wanted = drawings.drawings()
        for path in set(drawings.folder().glob("*.md")) - set(wanted):
            path.unlink()
        for path, text in wanted.items():
            path.write_text(text)
        self.stdout.write(f"{len(wanted)} machines drawn.")
