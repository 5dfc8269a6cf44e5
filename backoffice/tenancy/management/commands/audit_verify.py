"""Prove the audit chains whole: ``manage.py audit_verify [--tenant SLUG]``; exit code 1 if not."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.audit.selectors import verify
from backoffice.audit.services import seal
from backoffice.core.context import system_actor
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", help="slug of one brokerage; all of them by default")
        parser.add_argument("--from-seq", type=int, default=1, help="first link to check")
        parser.add_argument("--json", action="store_true", help="one JSON object per brokerage")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = Tenant.objects.all()
        if options["tenant"]:
            tenants = tenants.filter(slug=options["tenant"])
            if not tenants:
                raise CommandError(f"There is no brokerage {options['tenant']}.")
        broken = [
            tenant.slug
            for tenant in tenants
            if not self._verify(tenant, options["from_seq"], as_json=options["json"])
        ]
        if broken:
            raise CommandError(f"Broken: {', '.join(broken)}.")

    def _verify(self, tenant: Tenant, first_seq: int, *, as_json: bool) -> bool:
        actor = system_actor(tenant.pk, "audit verification")
        with tenant_scope(tenant.pk, actor):
            seal(actor=actor)
            found = verify(tenant.pk, first_seq=first_seq)
        if as_json:
            facts = {
                "tenant": tenant.slug,
                "intact": found.intact,
                "first_seq": found.first_seq,
                "last_seq": found.last_seq,
                "head": found.head_hash,
                "rows_per_s": found.rows_per_s,
                "faults": found.faults,
            }
            self.stdout.write(json.dumps(facts))
        else:
            word = "intact" if found.intact else f"broken: {found.faults[0]}"
            self.stdout.write(
                f"{tenant.slug}: links {found.first_seq}-{found.last_seq} {word}, "
                f"{found.rows_per_s:,} rows/s, head {found.head_hash[:16]}"
            )
        return found.intact
