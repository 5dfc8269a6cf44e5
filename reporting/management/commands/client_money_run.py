"""Close a past day where it is open and prepare its client money report; what is done stays."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.core.clock import today
from backoffice.core.context import system_actor
from backoffice.core.errors import DomainError
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from reporting.client_money.tasks import prepare_day


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", help="slug of the brokerage")
        parser.add_argument("--days-back", type=int, default=1, help="1 is yesterday")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no brokerage {options['tenant']}.")
        actor = system_actor(tenant.pk, "client money report")
        day = today(tenant.timezone) - timedelta(days=options["days_back"])
        try:
            with tenant_scope(tenant.pk, actor):
                made = prepare_day(actor, day)
        except DomainError as refusal:
            raise CommandError(refusal.sentence) from None
        self.stdout.write("prepared" if made else "nothing to do")
