import base64
import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from backoffice.core.crypto import seal, unseal
from backoffice.staff.network import client_ip

FRESH_S = 300


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by administrators; there is no public sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_user_display_name(self, user: Any) -> str:
        return str(user.name)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whoever signed in a moment ago is not asked for the same again, so that the first
        second factor is set up in one go; later changes ask."""
        if not super().is_reauthentication_required(app=app, **kwargs):
            return False
        request = context.request
        records = get_authentication_records(request, request.user)
        return not any(time.time() - record["at"] < FRESH_S for record in records)

    def get_client_ip(self, request: HttpRequest) -> str:
        """For rate limits and the session list: the same address as everywhere else."""
        return client_ip(request) or "0.0.0.0"  # noqa: S104 - no address is known


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals the secrets of second factors at rest; a person is no tenant's, so under none."""

    PURPOSE = "staff.second-factor"

    def encrypt(self, text: str) -> str:
        sealed = seal(text.encode(), tenant_id=0, purpose=self.PURPOSE)
        return base64.b64encode(sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        sealed = base64.b64decode(encrypted_text)
        return unseal(sealed, tenant_id=0, purpose=self.PURPOSE).decode()
