"""Import a watch list, for every brokerage or with ``--tenant`` as the own list of one."""

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.core.context import system_actor
from backoffice.core.errors import DomainError
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import all_tenants, tenant_scope
from compliance import lists
from compliance.models import ListVersion
from compliance.rescreen import lists_follow
from compliance.screening.decide import Category
from compliance.screening.lists.simple_csv import TENANT_SOURCE


class Command(BaseCommand):
    help = (
        "Reads a list file (OFAC's folder or sdn.csv, UN or EU XML, OpenSanctions' CSV, or an own"
        " CSV) and screens whom it may concern. The format is found by content."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--tenant", help="slug: the file is this brokerage's own list")
        parser.add_argument("--source", default=TENANT_SOURCE, help="code of the own list")
        parser.add_argument("--title", default="Own list", help="title of the own list")
        parser.add_argument(
            "--category", choices=list(Category), default=str(Category.INTERNAL),
            help="what being on the own list means",
        )  # fmt: skip
        parser.add_argument("--accept-fewer", action="store_true", help="the list really shrank")
        parser.add_argument("--no-screen", action="store_true", help="leave screening to the beat")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = self._own(options) if options["tenant"] else self._public(options)
        except DomainError as error:
            raise CommandError(error.sentence) from error
        self._report(version)
        if not options["no_screen"]:
            self._screen(options["tenant"])

    def _public(self, options: dict[str, Any]) -> ListVersion:
        return lists.list_import(
            options["file"],
            imported_by=f"command by {getpass.getuser()}",
            accept_fewer=options["accept_fewer"],
        )

    def _own(self, options: dict[str, Any]) -> ListVersion:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no brokerage {options['tenant']}.")
        actor = system_actor(tenant.pk, "list import")
        with tenant_scope(tenant.pk, actor):
            return lists.tenant_list_import(
                actor=actor,
                path=options["file"],
                title=options["title"],
                category=Category(options["category"]),
                source=options["source"],
                accept_fewer=options["accept_fewer"],
            )

    def _report(self, version: ListVersion) -> None:
        self.stdout.write(
            f"{version}: {version.entities_count:,} entities, {version.names_count:,} names;"
            f" {version.added:,} new, {version.changed:,} changed, {version.removed:,} gone"
        )
        self.stdout.write(
            f"rows: {version.rows_counted:,} = {version.rows_parsed:,} read"
            f" + {version.problems_count:,} refused; {version.notes_count:,} notes"
        )
        for where, why in version.problems[:10]:
            self.stdout.write(f"  refused {where}: {why}")

    def _screen(self, slug: str | None) -> None:
        names = dict(Tenant.objects.values_list("pk", "slug"))
        for actor in all_tenants(reason="a watch list changed", job="list screening"):
            if slug in (None, names[actor.tenant_id]):
                for run in lists_follow(actor):
                    self.stdout.write(
                        f"{names[actor.tenant_id]}: {run.source} version {run.version}:"
                        f" {run.screened:,} of {run.clients:,} clients screened, {run.hits:,} hits"
                    )
