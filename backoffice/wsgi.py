import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings.production")
application = get_wsgi_application()

from backoffice.core.memory import settle  # noqa: E402 - needs the settings that are loaded above

settle()
