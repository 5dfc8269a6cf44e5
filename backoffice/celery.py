"""The Celery application. Tasks are thin shells around services; beat's table is here."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings.development")

app = Celery("backoffice")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

EVERY_FEW_SECONDS = 3.0

app.conf.beat_schedule = {
    "outbox": {"task": "backoffice.workflow.tasks.outbox_sweep", "schedule": EVERY_FEW_SECONDS},
    "audit-seal": {"task": "backoffice.tenancy.tasks.audit_seal_all", "schedule": 10.0},
    "audit-sign": {
        "task": "backoffice.tenancy.tasks.audit_sign_all",
        "schedule": crontab(minute="4"),
    },
    "ledger-seal": {"task": "ledger.tasks.ledger_seal", "schedule": 10.0},
    "ledger-holds": {"task": "ledger.tasks.ledger_expire_holds", "schedule": 30.0},
    "ledger-snapshots": {"task": "ledger.tasks.ledger_snapshots", "schedule": crontab(minute="35")},
    "ledger-partitions": {
        "task": "ledger.tasks.ledger_make_partitions",
        "schedule": crontab(hour="2", minute="10"),
    },
    "ledger-verify": {
        "task": "ledger.tasks.ledger_verify",
        "schedule": crontab(hour="2", minute="30"),
    },
    "client-money": {
        "task": "reporting.client_money.tasks.client_money_nightly",
        "schedule": crontab(minute="20,50"),  # each brokerage's night is its own
    },
    "business-days": {
        "task": "reporting.day_close.tasks.days_look",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    "day-figures": {
        "task": "reporting.tasks.figures_refresh",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "pulse": {"task": "operations.tasks.pulse", "schedule": 30.0, "options": {"expires": 30.0}},
    "backup": {"task": "operations.tasks.backup_nightly", "schedule": crontab(hour=2, minute=10)},
    "restore-drill": {
        "task": "operations.tasks.drill_weekly",
        "schedule": crontab(day_of_week=0, hour=4, minute=10),
    },
    "trading-deals": {
        "task": "trading.tasks.sync_all",
        "schedule": 15.0,
        "args": ["deals"],
        "options": {"expires": 15.0},
    },
    "trading-positions": {
        "task": "trading.tasks.sync_all",
        "schedule": 30.0,
        "args": ["positions"],
        "options": {"expires": 30.0},
    },
    "trading-accounts": {
        "task": "trading.tasks.sync_all",
        "schedule": 30.0,
        "args": ["accounts"],
        "options": {"expires": 30.0},
    },
    "trading-setup": {
        "task": "trading.tasks.sync_all",
        "schedule": crontab(minute="7"),
        "args": ["setup"],
    },
    "trading-deep": {
        "task": "trading.tasks.sync_all",
        "schedule": crontab(hour="1", minute="20"),
        "args": ["deep"],
    },
    "trading-operations": {"task": "trading.tasks.operations_sweep", "schedule": 30.0},
    "leverage-control": {
        "task": "trading.tasks.leverage_control",
        "schedule": crontab(hour="1", minute="50"),  # after the night's reading of accounts
    },
    "trading-house": {
        "task": "trading.tasks.keep_house",
        "schedule": crontab(hour="0", minute="40"),
    },
    "kyc-deadlines": {
        "task": "kyc.tasks.kyc_daily",
        "schedule": crontab(minute="35"),  # each step is taken once, so every hour is harmless
    },
    "retention-due": {
        "task": "privacy.tasks.retention_due",
        "schedule": crontab(hour=3, minute=40),
    },
    "erasures": {
        "task": "privacy.tasks.erasures_go_on",
        "schedule": 600.0,
        "options": {"expires": 600.0},
    },
    "payments-watch": {
        "task": "payments.tasks.payments_watch",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    "conversion-quotes": {
        "task": "payments.tasks.quotes_read",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    "bonuses": {
        "task": "payments.tasks.bonuses_look",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    "commissions": {
        "task": "ib.tasks.accrue_all",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "commission-books": {
        "task": "ib.tasks.payables_all",
        "schedule": crontab(minute="12"),  # every hour: days end at different hours
    },
    "statement-pickup": {
        "task": "reconciliation.tasks.pickup_all",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "trading-nightly": {
        "task": "reconciliation.tasks.trading_nightly",
        "schedule": crontab(hour="0", minute="20"),
    },
    "gateway-reports": {
        "task": "reconciliation.tasks.gateways_nightly",
        "schedule": crontab(hour="3", minute="5"),
    },
    "compliance-lists": {
        "task": "compliance.tasks.lists_refresh",
        "schedule": crontab(hour="4", minute="10"),
    },
    "compliance-monitor": {
        "task": "compliance.tasks.monitor",
        "schedule": crontab(hour="2", minute="30"),
    },
    "compliance-risk": {
        "task": "compliance.tasks.assess_risk",
        "schedule": crontab(hour="3", minute="0"),
    },
    "compliance-screen": {
        "task": "compliance.tasks.lists_screen",
        "schedule": 120.0,
        "options": {"expires": 120.0},
    },
}
