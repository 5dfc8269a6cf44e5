"""What the operator of an installation does: brokerages, their first people, support sessions.

Each act leaves an entry in the operator's own trail and, where it touches a brokerage, in that
brokerage's audit trail, where its people read it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from smtplib import SMTPException
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_slug
from django.db import transaction
from django.urls import reverse

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, ActorKind
from backoffice.core.errors import DomainError, InvalidInput, StateConflict
from backoffice.core.money import exponent
from backoffice.portal.invitations import member_invite
from backoffice.staff import actions
from backoffice.staff.models import Membership, Role, SupportSession, User
from backoffice.staff.services import roles_install
from backoffice.tenancy.models import Accent, LegalEntity, Tenant
from backoffice.tenancy.scope import tenant_scope
from clients.countries import NAMES
from compliance.monitoring.definitions import scenarios_install
from compliance.risk.versions import model_install
from kyc.defaults import levels_install
from operations.models import PlatformEntry

log = logging.getLogger(__name__)
ADMINISTRATOR = "administrator"
REASON_CHARS_MIN = 10
SUPPORT_MINUTES_MAX = 240
SLUG_CHARS_MAX = 40


@dataclass(frozen=True)
class Operator:
    """Who runs the installation: a platform administrator, or its command line."""

    name: str
    user: User | None = None
    ip: str = ""

    def actor(self, tenant: Tenant) -> Actor:
        """The operator inside one brokerage's audit trail."""
        ref = f"operator:{self.user.pk}" if self.user else "operator:command-line"
        name = f"{self.name} (platform)"
        return Actor(ActorKind.SYSTEM, ref, name, tenant.pk, ip=self.ip)


@dataclass(frozen=True)
class Person:
    email: str
    name: str


@dataclass(frozen=True)
class NewTenant:
    """What a brokerage begins with. ``currencies`` include the base currency."""

    slug: str
    name: str
    base_currency: str
    currencies: Sequence[str]
    entity: str
    regulator: str
    country: str
    licence: str = ""
    timezone: str = "UTC"
    hostname: str = ""
    accent: str = ""
    administrators: Sequence[Person] = field(default_factory=tuple)


def looked(operator: Operator, what: str) -> None:
    """One line in the operator's own trail."""
    PlatformEntry.objects.create(
        user=operator.user, user_name=operator.name, what=what[:300], ip=operator.ip
    )


def operators_tell(subject: str, text: str) -> int:
    """Write to every platform administrator; returns how many letters went out.

    What fails here concerns the whole installation, so no brokerage's people are told its detail.
    """
    address = f"{settings.PUBLIC_URL}{reverse('platform:backups')}"
    sent = 0
    for user in User.objects.filter(is_superuser=True, is_active=True).order_by("pk"):
        try:
            sent += send_mail(subject, f"{text}\n\n{address}\n", None, [user.email])
        except (OSError, SMTPException):
            log.exception("No letter to %s", user.email)
    return sent


@transaction.atomic
def tenant_create(*, operator: Operator, new: NewTenant) -> Tenant:
    """A brokerage with its entity, roles, levels, scenarios, risk model and invited administrators.

    Raises ``InvalidInput`` by field; then nothing was made.
    """
    _check(new)
    tenant = Tenant.objects.create(
        slug=new.slug,
        name=new.name.strip(),
        hostname=new.hostname.strip().lower() or None,
        timezone=new.timezone,
        base_currency=new.base_currency,
        currencies=list(dict.fromkeys(new.currencies)),
        entity=new.entity.strip(),
        accent=new.accent,
    )
    actor = operator.actor(tenant)
    with tenant_scope(tenant.pk, actor):
        audit(actor=actor, action=actions.TENANT_CREATED, label=tenant.name)
        LegalEntity.objects.create(
            name=new.entity.strip(),
            regulator=new.regulator.strip(),
            licence=new.licence.strip(),
            country=new.country,
        )
        roles_install(actor=actor)
        levels_install(actor=actor)
        scenarios_install(actor=actor)
        model_install(actor=actor)
        for person in new.administrators:
            _invite(actor, person)
    looked(operator, f"Created {tenant.slug}")
    return tenant


def _check(new: NewTenant) -> None:
    wrong: dict[str, str] = {}
    try:
        validate_slug(new.slug)
    except ValidationError:
        wrong["slug"] = "Small letters, digits and hyphens."
    if new.slug != new.slug.lower() or len(new.slug) > SLUG_CHARS_MAX:
        wrong["slug"] = f"Small letters, digits and hyphens, at most {SLUG_CHARS_MAX}."
    if Tenant.objects.filter(slug=new.slug).exists():
        wrong["slug"] = "There is a brokerage of this short name."
    hostname = new.hostname.strip().lower()
    if hostname and Tenant.objects.filter(hostname=hostname).exists():
        wrong["hostname"] = "Another brokerage answers to this host name."
    wrong |= {
        name: "It is needed."
        for name in ("name", "entity", "regulator")
        if not str(getattr(new, name)).strip()
    }
    if new.timezone not in available_timezones():
        wrong["timezone"] = "Such as Europe/London."
    if new.country not in NAMES:
        wrong["country"] = "Two letters, such as CY."
    if new.accent not in Accent.values:
        wrong["accent"] = f"One of {', '.join(name for name in Accent.values if name)}."
    wrong |= _wrong_currencies(new)
    if not new.administrators:
        wrong["administrators"] = "Name at least one administrator; two can approve each other."
    if wrong:
        raise InvalidInput(fields=wrong)


def _wrong_currencies(new: NewTenant) -> dict[str, str]:
    for currency in new.currencies:
        try:
            exponent(currency)
        except DomainError as error:
            return {"currencies": error.sentence}
    if new.base_currency not in new.currencies:
        return {"base_currency": "One of the brokerage's currencies."}
    return {}


def _invite(actor: Actor, person: Person) -> Membership:
    role = Role.objects.get(tenant_id=actor.tenant_id, code=ADMINISTRATOR)
    return member_invite(
        actor=actor, email=person.email, name=person.name, title=role.name, roles=[role]
    )


def admin_invite(*, operator: Operator, tenant: Tenant, person: Person) -> Membership:
    """One more administrator: a brokerage whose people all left, or that needs its second."""
    actor = operator.actor(tenant)
    with tenant_scope(tenant.pk, actor):
        membership = _invite(actor, person)
    looked(operator, f"Invited {person.email} to {tenant.slug}")
    return membership


def tenant_set_active(*, operator: Operator, tenant: Tenant, active: bool, reason: str) -> Tenant:
    """Suspend a brokerage, or open it again: its people, keys and nightly work stop at once.

    Nothing is deleted, and webhooks of money that is under way are still taken in.
    """
    why = _reason(reason)
    actor = operator.actor(tenant)
    with tenant_scope(tenant.pk, actor):
        row = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if row.active == active:
            raise StateConflict("It is so already. Nothing was done.")
        row.active = active
        row.save(update_fields=["active"])
        audit(
            actor=actor,
            action=actions.TENANT_RESUMED if active else actions.TENANT_SUSPENDED,
            label=row.name,
            data={"reason": why},
        )
    looked(operator, f"{'Opened' if active else 'Suspended'} {tenant.slug}: {why}")
    return row


def support_open(
    *, operator: Operator, tenant: Tenant, reason: str, minutes: int
) -> SupportSession:
    """A look into a brokerage: read only, masked, recorded page by page, over by itself."""
    assert operator.user is not None
    why = _reason(reason)
    if not 1 <= minutes <= SUPPORT_MINUTES_MAX:
        raise InvalidInput(fields={"minutes": f"Between 1 and {SUPPORT_MINUTES_MAX} minutes."})
    actor = operator.actor(tenant)
    with tenant_scope(tenant.pk, actor):
        moment = now()
        row = SupportSession.objects.create(
            user=operator.user,
            user_name=operator.name,
            reason=why,
            opened_at=moment,
            expires_at=moment + timedelta(minutes=minutes),
        )
        audit(
            actor=actor,
            action=actions.SUPPORT_OPENED,
            subject=row,
            label=operator.name,
            data={"reason": why, "minutes": minutes},
        )
    looked(operator, f"Support session in {tenant.slug}: {why}")
    return row


def tenant_named(slug: str) -> Tenant | None:
    return Tenant.objects.filter(slug=slug).first()


def _reason(text: str) -> str:
    clean = " ".join(text.split())[:300]
    if len(clean) < REASON_CHARS_MIN:
        raise InvalidInput(fields={"reason": "Say why, in a few words: the brokerage reads it."})
    return clean


def administrators(tenant: Tenant) -> list[Membership]:
    """Active members who hold the administrator's role."""
    with tenant_scope(tenant.pk):
        return list(
            Membership.objects.filter(
                tenant_id=tenant.pk, active=True, held__role__code=ADMINISTRATOR
            )
            .select_related("user")
            .order_by("user__name", "id")
        )
