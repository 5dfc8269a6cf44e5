"""Real engines for the suite, unless the environment names some (TEST_DATABASE_URL, REDIS_URL)."""

import os
from pathlib import Path

from django.conf import settings

from tools.engines import Engines, ensure_engines

ROOT = Path(__file__).parents[1]
_engines: list[Engines] = []


def start() -> None:
    """Start or join them, and point the settings at them: before the first connection."""
    if "TEST_DATABASE_URL" not in os.environ:
        engines = ensure_engines(ROOT / "var" / "test", durable=False)
        _engines.append(engines)
        # Environment, so that the workers of a parallel run and child processes use the same.
        os.environ["TEST_DATABASE_URL"] = engines.superuser_url
        os.environ["REDIS_URL"] = engines.redis_url
        os.environ["PATH"] = engines.environment()["PATH"]
    from backoffice.core.database.url import database_from_url

    settings.DATABASES["default"].update(database_from_url(os.environ["TEST_DATABASE_URL"]))
    settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
    settings.REDIS_URL = settings.CELERY_BROKER_URL = os.environ["REDIS_URL"]


def stop() -> None:
    while _engines:
        _engines.pop().stop()
