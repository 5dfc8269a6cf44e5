"""Settings that hold everywhere. What differs by machine comes from the environment."""

import json
import os
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from backoffice.core.database.url import database_from_url

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = Path(os.environ.get("BACKOFFICE_VAR", BASE_DIR / "var"))


# The runtime role owns nothing; migrations run as the owner (manage.py sets BACKOFFICE_AS).
_AS_OWNER = os.environ.get("BACKOFFICE_AS") == "owner"
DATABASE_URL = os.environ.get("DATABASE_URL", "postgres://backoffice_app@127.0.0.1:5432/backoffice")
DATABASE_OWNER_URL = os.environ.get("DATABASE_OWNER_URL", DATABASE_URL)
# Reads everything for pg_dump, which row-level security keeps even the owner from.
DATABASE_BACKUP = database_from_url(os.environ.get("DATABASE_BACKUP_URL", DATABASE_OWNER_URL))
BACKUP_DIR = Path(os.environ.get("BACKUP_DIR", VAR_DIR / "backups"))
BACKUP_KEEP_DAYS = int(os.environ.get("BACKUP_KEEP_DAYS", "30"))
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

DATABASES = {"default": database_from_url(DATABASE_OWNER_URL if _AS_OWNER else DATABASE_URL)}

# Postings use prepared statements; say 0 behind a transaction pooler that can't keep them
# (PgBouncer before 1.21).
LEDGER_PREPARE = os.environ.get("LEDGER_PREPARE", "1") == "1"

SECRET_KEY = os.environ.get("SECRET_KEY", "")
ALLOWED_HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host]
# Where browsers, clients and gateways reach this product; part of links that leave it.
PUBLIC_URL = os.environ.get(
    "PUBLIC_URL", f"http://127.0.0.1:{os.environ.get('WEB_PORT', '8000')}"
).rstrip("/")
# Networks of the proxies in front, whose X-Forwarded-For is believed; everyone else's is not.
TRUSTED_PROXIES = [part for part in os.environ.get("TRUSTED_PROXIES", "").split(",") if part]
# Where platform administrators work (/platform/): host names and networks; empty: anywhere.
PLATFORM_HOSTS = [part for part in os.environ.get("PLATFORM_HOSTS", "").split(",") if part]
PLATFORM_NETWORKS = [part for part in os.environ.get("PLATFORM_NETWORKS", "").split(",") if part]
ROOT_URLCONF = "backoffice.urls"
WSGI_APPLICATION = "backoffice.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "staff.User"

INSTALLED_APPS = [
    "backoffice.core",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "guardian",
    "simple_history",
    "django_htmx",
    "django_filters",
    "csp",
    "backoffice.tenancy",
    "backoffice.audit",
    "backoffice.staff",
    "backoffice.workflow",
    "backoffice.portal",
    "ledger",
    "clients",
    "kyc",
    "trading",
    "payments",
    "reconciliation",
    "ib",
    "compliance",
    "privacy",
    "reporting",
    "operations",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "backoffice.staff.middleware.RequestIdMiddleware",
    "csp.middleware.CSPMiddleware",
    "backoffice.staff.middleware.CacheAwayMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "backoffice.staff.middleware.WholeTextMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "backoffice.staff.middleware.SessionActivityMiddleware",
    "backoffice.staff.middleware.TenantMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "backoffice.portal.context.frame",
            ],
        },
    },
]

FORM_RENDERER = "backoffice.portal.forms.FormRenderer"

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
_VALIDATORS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATORS}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATORS}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATORS}.CommonPasswordValidator"},
]
ANONYMOUS_USER_NAME = None  # guardian: no row for strangers
GUARDIAN_MONKEY_PATCH_USER = False

ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_ADAPTER = "backoffice.staff.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/m/key",
}
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# What people do without signing in, as allauth writes its limits.
RATE_LIMITS = {
    "upload_link": "60/m/ip",
    "upload": "20/m/ip,40/10m/key",
    "answers": "60/m/ip,120/10m/key",
    "invitation": "20/m/ip",
}
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600  # of invitations too
SOCIALACCOUNT_ONLY = False
USERSESSIONS_TRACK_ACTIVITY = True
SESSION_SEEN_EVERY_S = 60.0  # how fresh "last seen" is kept in the list of sessions
MFA_ADAPTER = "backoffice.staff.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_TOTP_ISSUER = "Backoffice"
MFA_MANDATORY = True
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"

SESSION_COOKIE_AGE = 8 * 3600  # a working day
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español"), ("el", "Ελληνικά")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT: Path | None = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "backoffice.portal.storage.PortalStaticFilesStorage"},
}
MEDIA_ROOT = VAR_DIR / "files"
# Statements that lie here, in a folder for each brokerage by its slug, are taken by a worker.
STATEMENT_PICKUP_DIR = Path(os.environ.get("STATEMENT_PICKUP_DIR", VAR_DIR / "pickup"))
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "backoffice",
    }
}

EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS", "1" if EMAIL_HOST_USER else "0") == "1"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "backoffice@localhost")

CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 15 * 60
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 30 * 60}
CELERY_TIMEZONE = "UTC"

# Encrypts secrets and documents at rest: base64 keys of 32 bytes, the newest first (rotation).
FIELD_KEYS = [key for key in os.environ.get("FIELD_KEYS", "").split(",") if key]
# Signs audit heads: base64 Ed25519 seed of 32 bytes, kept outside the database.
AUDIT_SIGNING_KEY = os.environ.get("AUDIT_SIGNING_KEY", "")
# Public keys (base64) of earlier signing keys, whose heads are still believed.
AUDIT_RETIRED_KEYS = [key for key in os.environ.get("AUDIT_RETIRED_KEYS", "").split(",") if key]

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"secrets": {"()": "backoffice.core.logs.WithoutSecrets"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["secrets"]}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    # They tell of each step and each glyph of a document.
    "loggers": {"weasyprint": {"level": "ERROR"}, "fontTools": {"level": "WARNING"}},
}

SIMPLE_HISTORY_ENABLED = True

# Public watch lists that a deployment fetches nightly, as JSON: {"un": {"UN_consolidated.xml":
# "https://..."}}. Nothing is fetched while it is empty.
WATCH_LIST_FILES: dict[str, dict[str, str]] = json.loads(os.environ.get("WATCH_LIST_FILES", "{}"))
