"""Run the monitoring scenarios now, for one brokerage or all."""

from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.core.clock import today
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import all_tenants, tenant_scope
from compliance.monitoring.days import days_check, days_rebuild_all
from compliance.monitoring.run import DAYS_FIRST_MAX, monitoring_run


class Command(BaseCommand):
    help = "Brings the days up to date, asks the scenarios, raises alerts; nothing twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", help="slug of one brokerage; all of them by default")
        parser.add_argument(
            "--as-of", type=date.fromisoformat, help="last day looked at (UTC); yesterday"
        )
        parser.add_argument("--rebuild", action="store_true", help="compute every day anew first")

    def handle(self, *args: Any, **options: Any) -> None:
        names = dict(Tenant.objects.values_list("pk", "slug"))
        if options["tenant"] and options["tenant"] not in names.values():
            raise CommandError(f"There is no brokerage {options['tenant']}.")
        as_of = options["as_of"] or today() - timedelta(days=1)
        faults = 0
        for actor in all_tenants(reason="monitoring by command", job="monitoring"):
            slug = names[actor.tenant_id]
            if options["tenant"] not in (None, slug):
                continue
            if options["rebuild"]:
                with tenant_scope(actor.tenant_id, actor):
                    days_rebuild_all(actor=actor)
            run = monitoring_run(actor=actor, as_of=as_of)
            for name, result in run.results.items():
                self.stdout.write(
                    f"{slug}: {name}: {result['found']} found, {result['raised']} new,"
                    f" {result['known']} known, {result['snoozed']} silenced"
                )
            with tenant_scope(actor.tenant_id, actor):
                first = as_of - timedelta(days=DAYS_FIRST_MAX)
                for fault in days_check(actor=actor, first=first, last=as_of):
                    faults += 1
                    self.stdout.write(
                        f"{slug}: {fault.kind}: {fault.in_days} in the days,"
                        f" {fault.in_books} in the books"
                    )
        if faults:
            raise CommandError("The days and the books differ: look before trusting the alerts.")
