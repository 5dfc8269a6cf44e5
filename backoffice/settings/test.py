"""The test suite: the real engines, cheap passwords, mail in memory."""

from backoffice.settings.development import *

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CELERY_TASK_ALWAYS_EAGER = False
ACCOUNT_RATE_LIMITS = {}
RATE_LIMITS = {}
LOGGING_CONFIG = None
# Static files are found when asked for: each test client would list all of them first.
WHITENOISE_AUTOREFRESH = True
DEMO = False
DATABASES["default"]["TEST"] = {"NAME": "test_backoffice"}  # tests/engines.py says where
