"""Restore the newest backup into a scratch database and check it; exit code 1 if it fails."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.core.errors import InvalidInput
from operations.backups.services import drill_run
from operations.models import RestoreDrill


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            drill = drill_run()
        except InvalidInput as refusal:
            raise CommandError(refusal.sentence) from None
        for finding in drill.evidence:
            word = "held" if finding["held"] else "FAILED"
            self.stdout.write(f"{word:<7} {finding['check']}: {finding['detail']}")
        self.stdout.write(f"{drill.backup.name} restored in {drill.restore_seconds} s")
        if drill.state != RestoreDrill.State.PASSED:
            raise CommandError(drill.error or "The drill failed.")
