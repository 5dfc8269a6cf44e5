"""Print one login per role of the demo."""

from typing import Any

from django.core.management.base import BaseCommand

from backoffice.staff.roles import ROLES
from operations.demo import PASSWORD
from operations.demo.people import OPERATOR, PEOPLE, TENANTS, email


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        for facts in TENANTS:
            self.stdout.write(f"{facts['name']}")
            for login, (name, code) in PEOPLE.items():
                address = email(login, str(facts["slug"]))
                self.stdout.write(f"  {ROLES[code].name:<22} {address:<30} {name}")
        address, name = OPERATOR
        self.stdout.write("The installation, at /platform/")
        self.stdout.write(f"  {'Operator':<22} {address:<30} {name}")
        self.stdout.write(f"Everyone's password: {PASSWORD}")
