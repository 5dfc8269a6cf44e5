"""Celery finds tasks here."""

from reporting.client_money.tasks import client_money_nightly

__all__ = ["client_money_nightly"]
