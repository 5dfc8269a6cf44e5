"""The yardstick of ``service_post``: django-hordak's ORM on the same server, in its own process.

Reads a number of seconds per line and answers with transfers per second.
"""

import os
import random
import sys
import time

import django
from django.conf import settings

WALLETS = 1_000


def configure(url: str) -> None:
    from backoffice.core.database.url import database_from_url

    settings.configure(
        DATABASES={"default": database_from_url(url) | {"CONN_MAX_AGE": None}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        SECRET_KEY="bench",  # noqa: S106 - signs nothing
        USE_TZ=True,
        CURRENCIES=["EUR"],
        DEFAULT_CURRENCY="EUR",
        HORDAK_INTERNAL_CURRENCY="EUR",
        MIGRATION_MODULES={},
    )
    django.setup()


def main() -> None:
    configure(os.environ["BENCH_URL"])
    from django.core.management import call_command
    from hordak.models import Account, AccountType
    from moneyed import Money

    from backoffice.core.bench import workers_rate

    call_command("migrate", "hordak", verbosity=0, interactive=False)
    bank = Account.objects.create(name="Bank", type=AccountType.asset, currencies=["EUR"], code="1")
    wallets = [
        Account.objects.create(
            name=f"Wallet {n}", type=AccountType.liability, currencies=["EUR"], code=str(1000 + n)
        )
        for n in range(WALLETS)
    ]
    say("ready")

    def transfers(worker: int, seconds: float) -> int:
        chance = random.Random()  # noqa: S311 - each worker its own way
        done, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            bank.transfer_to(chance.choice(wallets), Money(chance.randint(1, 999), "EUR"))
            done += 1
        return done

    for line in sys.stdin:
        say(str(workers_rate(transfers, float(line))))


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
