"""When a brokerage's day can be closed."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.tenancy.scope import brokerage
from reporting.day_close.calendar import business_day_before
from reporting.models import DayPolicy


def policy_of(tenant_id: int) -> DayPolicy:
    """The brokerage's policy, or the one that holds until it sets its own."""
    return DayPolicy.objects.filter(tenant_id=tenant_id).first() or DayPolicy(tenant_id=tenant_id)


def cut_off_of(policy: DayPolicy, day: date, zone: str) -> datetime:
    """When the statements and reports of ``day`` are due: a time of the next calendar day, where
    the brokerage is."""
    return datetime.combine(day + timedelta(days=1), policy.cut_off, ZoneInfo(zone))


def last_business_day(actor: Actor) -> date:
    """The newest business day that is over where the brokerage is."""
    newest = today(brokerage().timezone)
    return business_day_before(newest, weekends=policy_of(actor.tenant_id).weekends)
