"""Create a brokerage: its roles, KYC levels and scenarios, and invitations to its administrators.

    manage.py tenant_create aurora "Aurora Markets" --entity "Aurora Markets (EU) Ltd" \
        --regulator CySEC --country CY --currencies EUR,USD \
        --admin "Adam Stone <adam@aurora.example>" --admin "Eve Hall <eve@aurora.example>"

Two administrators can approve each other's requests; one alone can't give roles to anyone. They
get their invitations by e-mail from the worker; --print-links prints the links too.
"""

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.core.errors import DomainError
from backoffice.staff.invitations import invitation_path
from operations.platform.services import (
    NewTenant,
    Operator,
    Person,
    administrators,
    tenant_create,
)


class Command(BaseCommand):
    help = (__doc__ or "").partition("\n")[0]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="short name: small letters, digits, hyphens")
        parser.add_argument("name", help="the brand that people read")
        parser.add_argument("--entity", required=True, help="the licensed company")
        parser.add_argument("--regulator", required=True)
        parser.add_argument("--licence", default="")
        parser.add_argument("--country", required=True, help="of the entity, two letters")
        parser.add_argument("--timezone", default="UTC", help="such as Europe/London")
        parser.add_argument("--currencies", required=True, help="the base currency first: EUR,USD")
        parser.add_argument("--hostname", default="", help="when it has a host name of its own")
        parser.add_argument("--accent", default="", help="blue, teal, forest, plum, copper ...")
        parser.add_argument(
            "--admin", action="append", required=True, help='"Name <e-mail>", once or more'
        )
        parser.add_argument("--print-links", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        currencies = [code.strip().upper() for code in options["currencies"].split(",")]
        new = NewTenant(
            slug=options["slug"],
            name=options["name"],
            base_currency=currencies[0],
            currencies=currencies,
            entity=options["entity"],
            regulator=options["regulator"],
            licence=options["licence"],
            country=options["country"].upper(),
            timezone=options["timezone"],
            hostname=options["hostname"],
            accent=options["accent"],
            administrators=[_person(text) for text in options["admin"]],
        )
        try:
            tenant = tenant_create(operator=Operator("Command line"), new=new)
        except DomainError as error:
            said = [f"{name}: {why}" for name, why in error.fields.items()] or [error.sentence]
            raise CommandError(" ".join(said)) from error
        self.stdout.write(f"{tenant.name} is created (number {tenant.pk}).")
        for row in administrators(tenant):
            self.stdout.write(f"Invited: {row.user.name} <{row.user.email}>")
            if options["print_links"] and not row.user.has_usable_password():
                self.stdout.write(f"  {settings.PUBLIC_URL}{invitation_path(row.user)}")


def _person(text: str) -> Person:
    name, email = parseaddr(text)
    return Person(email=email, name=name)
