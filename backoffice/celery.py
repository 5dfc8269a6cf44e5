"""The Celery application. Tasks are thin shells around services; beat's table is here."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings.development")

app = Celery("backoffice")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

EVERY_FEW_SECONDS = 3.0

app.conf.beat_schedule = {
    "outbox": {"task": "backoffice.workflow.tasks.outbox_sweep", "schedule": EVERY_FEW_SECONDS},
    "audit-seal": {"task": "backoffice.tenancy.tasks.audit_seal_all", "schedule": 10.0},
}
