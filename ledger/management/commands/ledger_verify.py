"""``manage.py ledger_verify``: derive the books again and say what is wrong with them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.core.context import system_actor
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from ledger import selectors


class Command(BaseCommand):
    help = "Prove the ledger of every tenant, or of one. Ends with status 1 when something is off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", help="only this brokerage")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = Tenant.objects.all()
        if options["tenant"]:
            tenants = tenants.filter(slug=options["tenant"])
            if not tenants:
                raise CommandError(f"There is no brokerage {options['tenant']}.")
        broken = [tenant.slug for tenant in tenants if not self._verify(tenant)]
        if broken:
            raise CommandError(f"The books of {', '.join(broken)} do not verify.")

    def _verify(self, tenant: Tenant) -> bool:
        with tenant_scope(tenant.pk, system_actor(tenant.pk, "ledger verification")):
            verification = selectors.verify(tenant.pk)
        for fault in verification.faults:
            self.stdout.write(f"{tenant.slug}: {fault.rule}: {fault.subject}: {fault.detail}")
        verdict = "sound" if verification.sound else f"{len(verification.faults)} faults"
        self.stdout.write(f"{tenant.slug}: {verdict} ({verification.seconds:.1f} s)")
        return verification.sound
