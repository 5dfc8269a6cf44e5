"""What happens at the door is in the audit trail of every brokerage the person works for.

The library's signals are the only place where it tells of a sign-in, so this module listens.
"""

from collections.abc import Mapping
from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from backoffice.audit.actions import Action
from backoffice.audit.services import audit
from backoffice.core.context import Actor, ActorKind, system_actor, with_ip
from backoffice.staff import actions
from backoffice.staff.models import MemberIndex, Membership, User
from backoffice.staff.network import client_ip
from backoffice.tenancy.scope import tenant_scope

METHODS = {
    Authenticator.Type.TOTP: "one-time codes",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
    Authenticator.Type.WEBAUTHN: "a passkey",
}


def record(
    user: User,
    action: Action,
    request: HttpRequest | None,
    data: Mapping[str, Any] | None = None,
    *,
    by_themselves: bool = True,
) -> None:
    """One entry beside the membership, in each active brokerage of the person."""
    ip = client_ip(request) if request is not None else ""
    tenants = MemberIndex.objects.filter(user=user, membership_tenant__active=True)
    for tenant_id in tenants.values_list("membership_tenant_id", flat=True):
        actor = _door(tenant_id, ip)
        if by_themselves:
            actor = Actor(
                ActorKind.STAFF, f"user:{user.pk}", user.name, tenant_id, user_id=user.pk, ip=ip
            )
        with tenant_scope(tenant_id, actor):
            membership = Membership.objects.filter(tenant_id=tenant_id, user=user).first()
            audit(actor=actor, action=action, subject=membership, label=user.name, data=data)


def _door(tenant_id: int, ip: str) -> Actor:
    return with_ip(system_actor(tenant_id, "sign-in"), ip)


@receiver(account.user_logged_in)
def _signed_in(sender: Any, request: HttpRequest, user: User, **rest: Any) -> None:
    record(user, actions.SIGNED_IN, request)


@receiver(user_logged_out)
def _signed_out(sender: Any, request: HttpRequest, user: User | None, **rest: Any) -> None:
    if user is not None:
        record(user, actions.SIGNED_OUT, request)


@receiver(user_login_failed)
def _failed(
    sender: Any, credentials: Mapping[str, Any], request: HttpRequest | None = None, **rest: Any
) -> None:
    email = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
    user = User.objects.filter(email=email).first() if email else None
    if user is not None:  # what a stranger types as somebody else's name is nobody's history
        said = {"why": "wrong password"}
        record(user, actions.SIGN_IN_FAILED, request, said, by_themselves=False)


@receiver(mfa.authentication_failed)
def _second_failed(sender: Any, request: HttpRequest, user: User, **rest: Any) -> None:
    said = {"why": "wrong second factor"}
    record(user, actions.SIGN_IN_FAILED, request, said, by_themselves=False)


@receiver(account.password_changed)
@receiver(account.password_reset)
@receiver(account.password_set)
def _password(sender: Any, request: HttpRequest, user: User, **rest: Any) -> None:
    record(user, actions.PASSWORD_CHANGED, request)


@receiver(mfa.authenticator_added)
def _added(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **rest: Any
) -> None:
    record(user, actions.FACTOR_ADDED, request, {"factor": METHODS[authenticator.type]})


@receiver(mfa.authenticator_removed)
def _removed(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **rest: Any
) -> None:
    record(user, actions.FACTOR_REMOVED, request, {"factor": METHODS[authenticator.type]})


@receiver(mfa.authenticator_reset)
def _made_anew(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **rest: Any
) -> None:
    record(user, actions.FACTOR_RENEWED, request, {"factor": METHODS[authenticator.type]})
