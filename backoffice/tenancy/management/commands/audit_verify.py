"""Prove the audit chains whole: ``manage.py audit_verify [--tenant SLUG] [--heads FILE]``.

Exit code 1 if not. ``--heads`` holds signed heads that were kept elsewhere against the chain."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.audit.selectors import Verification, verify
from backoffice.audit.services import seal
from backoffice.audit.signing import compare_export
from backoffice.core.context import system_actor
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", help="slug of one brokerage; all of them by default")
        parser.add_argument("--from-seq", type=int, default=1, help="first link to check")
        parser.add_argument("--heads", type=Path, help="an earlier export of signed heads")
        parser.add_argument("--json", action="store_true", help="one JSON object per brokerage")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = Tenant.objects.all()
        if options["tenant"]:
            tenants = tenants.filter(slug=options["tenant"])
            if not tenants:
                raise CommandError(f"There is no brokerage {options['tenant']}.")
        if options["heads"] and not options["tenant"]:
            raise CommandError("Say whose heads the file has: --tenant SLUG.")
        heads = json.loads(options["heads"].read_text()) if options["heads"] else None
        broken = [
            tenant.slug
            for tenant in tenants
            if not self._verify(tenant, options["from_seq"], heads, as_json=options["json"])
        ]
        if broken:
            raise CommandError(f"Broken: {', '.join(broken)}.")

    def _verify(
        self, tenant: Tenant, first_seq: int, heads: dict[str, Any] | None, *, as_json: bool
    ) -> bool:
        actor = system_actor(tenant.pk, "audit verification")
        with tenant_scope(tenant.pk, actor):
            seal(actor=actor)
            found = verify(tenant.pk, first_seq=first_seq)
            if heads is not None:
                try:
                    found.faults.extend(compare_export(tenant.pk, heads))
                except (KeyError, TypeError, ValueError) as problem:
                    raise CommandError(f"The file can't be used: {problem}") from None
        if as_json:
            facts = {
                "tenant": tenant.slug,
                "intact": found.intact,
                "first_seq": found.first_seq,
                "last_seq": found.last_seq,
                "head": found.head_hash,
                "signed_heads": found.signed.heads,
                "covered_seq": found.signed.covered_seq,
                "signed_at": found.signed.signed_at.isoformat() if found.signed.signed_at else None,
                "named_elsewhere": found.signed.named_elsewhere,
                "rows_per_s": found.rows_per_s,
                "faults": found.faults,
            }
            self.stdout.write(json.dumps(facts))
        else:
            word = "intact" if found.intact else f"broken: {found.faults[0]}"
            self.stdout.write(
                f"{tenant.slug}: links {found.first_seq}-{found.last_seq} {word}, "
                f"{found.rows_per_s:,} rows/s, head {found.head_hash[:16]}; {_covered(found)}"
            )
        return found.intact


def _covered(found: Verification) -> str:
    signed = found.signed
    if not signed.heads or signed.signed_at is None:
        return "no head is signed yet"
    words = (
        f"{signed.heads:,} signed heads cover links 1-{signed.covered_seq}, "
        f"the newest of {signed.signed_at:%Y-%m-%d %H:%M} UTC"
    )
    return f"{words}; {found.uncovered:,} links since" if found.uncovered else words
