"""``make run``: the real product on one machine, with demo data and relaxed sign-in."""

import base64
import hashlib
import os

from backoffice.settings.base import *

DEBUG = os.environ.get("DEBUG", "") == "1"
SECRET_KEY = SECRET_KEY or "development-only-not-a-secret"  # noqa: S105
ALLOWED_HOSTS = ALLOWED_HOSTS or ["127.0.0.1", "localhost", "[::1]"]
MFA_MANDATORY = False  # the demo's people sign in with a password
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True


def _key(name: str) -> str:
    return base64.b64encode(hashlib.sha256(f"{name}:{SECRET_KEY}".encode()).digest()).decode()


FIELD_KEYS = FIELD_KEYS or [_key("fields")]
AUDIT_SIGNING_KEY = AUDIT_SIGNING_KEY or _key("audit")
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT = None  # served from where they are, nothing is collected
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
DEMO = True
# The invented list that the demo screens against; a path, since the product needs no sandbox.
DEMO_WATCH_LIST = BASE_DIR / "sandbox" / "lists" / "demo_watchlist.csv"
