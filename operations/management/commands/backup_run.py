"""Back the database up now; prints the file, its size and its hash."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.core.errors import OutsideError
from operations.backups.services import backup_path, backup_run


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            backup = backup_run()
        except OutsideError as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(
            f"{backup_path(backup)}: {backup.size:,} bytes, {sum(backup.tables.values()):,} rows,"
            f" sha256 {backup.sha256}"
        )
