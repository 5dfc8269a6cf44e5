"""Production: everything secret comes from the environment, and nothing starts without it."""

import os

from django.core.exceptions import ImproperlyConfigured

from backoffice.settings.base import *

DEBUG = False
DEMO = False

for _name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "FIELD_KEYS"):
    if not os.environ.get(_name):
        raise ImproperlyConfigured(f"{_name} is not set.")

PUBLIC_URL = os.environ.get("PUBLIC_URL", f"https://{ALLOWED_HOSTS[0].lstrip('.')}").rstrip("/")
SECURE_SSL_REDIRECT = os.environ.get("SECURE_SSL_REDIRECT", "1") == "1"
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"]
