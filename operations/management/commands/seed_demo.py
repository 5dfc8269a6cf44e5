"""Fill the demo's two brokerages; a second run adds only what is missing."""

import gc
import importlib
import pkgutil
import time
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from backoffice.core.context import system_actor
from backoffice.tenancy.scope import tenant_scope
from operations import demo
from operations.demo import Demo, people
from operations.demo.past import Past

# Rows come and go by the thousand; looking for cycles among them every few hundred costs seconds.
GARBAGE_MAX = 100_000
TOLD_FROM_S = 0.05  # of a part that took less, nothing is told: it was there already


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--logins",
            default="",
            metavar="LINE",
            help="after this line, print one login per role: starting a command for them is dear",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo has known passwords; it is for development settings.")
        for module in pkgutil.iter_modules(demo.__path__):
            importlib.import_module(f"operations.demo.{module.name}")
        # What commits leave is done here, in the past's own order. Its wake-up calls, hundreds of
        # them, would keep the workers from the first people who come; the sweep finds the rest.
        current_app.conf.update(broker_url="memory://")
        past = Past()
        # Thousands of small commits: what a power cut takes of a demo is seeded anew.
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit TO off")
        gc.set_threshold(GARBAGE_MAX)
        try:
            self._fill(past)
        finally:
            past.close()
        if options["logins"]:
            self.stdout.write(options["logins"])
            call_command("demo_logins", stdout=self.stdout)

    def _fill(self, past: Past) -> None:
        people.operator()
        for tenant in people.tenants():
            actor = system_actor(tenant.pk, "demo")
            filled = Demo(tenant, past=past)
            began = time.perf_counter()
            for step in demo.steps():
                started = time.perf_counter()
                if step.opens_scope:
                    step.run(actor, filled)
                else:
                    with tenant_scope(tenant.pk, actor):
                        step.run(actor, filled)
                past.home()
                took = time.perf_counter() - started
                if took >= TOLD_FROM_S:
                    self.stdout.write(f"{tenant.slug}: {step.name} ({took:.1f} s)")
            took = time.perf_counter() - began
            self.stdout.write(f"{tenant.slug}: all there ({took:.1f} s)")
