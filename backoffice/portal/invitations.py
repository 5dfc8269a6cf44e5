"""People come in by invitation: made a member, told by e-mail, their password chosen by themselves.

The link is made when the letter is sent and stands in no table.
"""

from collections.abc import Iterable
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string

from backoffice.core.context import Actor
from backoffice.core.errors import OutsideError, StateConflict
from backoffice.staff.invitations import invitation_path, person_named
from backoffice.staff.models import Membership, Role
from backoffice.staff.services import member_add
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem

TOPIC = "staff.invite"


@transaction.atomic
def member_invite(
    *, actor: Actor, email: str, name: str, title: str = "", roles: Iterable[Role] = ()
) -> Membership:
    """Make a person a member and write to them. Without a role they see nothing yet."""
    user = person_named(email=email, name=name)
    if Membership.objects.filter(tenant_id=actor.tenant_id, user=user).exists():
        raise StateConflict(f"{user.name} is a member already.")
    membership = member_add(actor=actor, user=user, roles=roles, title=title.strip()[:80])
    outbox.put(TOPIC, subject_id=membership.pk, payload={"by": actor.name})
    return membership


@transaction.atomic
def invitation_repeat(*, actor: Actor, membership: Membership) -> None:
    """Write to a member again, who has not come yet."""
    if membership.user.has_usable_password():
        raise StateConflict(f"{membership.user.name} has chosen a password already.")
    outbox.put(TOPIC, subject_id=membership.pk, payload={"by": actor.name})


@outbox.handles(TOPIC, attempts_max=8)
def invitation_send(actor: Actor, item: OutboxItem) -> None:
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        row = Membership.objects.select_related("user").get(
            tenant_id=actor.tenant_id, pk=item.subject_id
        )
        tenant = Tenant.objects.get(pk=actor.tenant_id)
    if not row.active:
        return
    new = not row.user.has_usable_password()
    words = {
        "name": row.user.name,
        "brokerage": tenant.name,
        "by": item.payload.get("by", ""),
        "new": new,
        "link": settings.PUBLIC_URL + (invitation_path(row.user) if new else "/"),
        "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
    }
    letter = EmailMessage(
        f"{tenant.name}: your access to the back office",
        render_to_string("staff/invitation.txt", words),
        to=[row.user.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        letter.send()
    except (SMTPException, OSError) as problem:
        refused = isinstance(problem, SMTPRecipientsRefused)
        raise OutsideError(f"The invitation was not sent: {problem}", permanent=refused) from None
