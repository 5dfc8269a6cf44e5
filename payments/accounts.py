"""Gateways' accounts as adapters need them: secrets opened, addresses built."""

from django.conf import settings
from django.urls import reverse

from backoffice.core import crypto
from backoffice.core.clock import now
from backoffice.core.context import current_tenant_id
from backoffice.tenancy.scope import brokerage
from payments.gateways.port import Account, Gateway
from payments.gateways.registry import adapter_of
from payments.models import Destination, GatewayAccount

SECRET_PURPOSE = "payments.gateway"  # noqa: S105 - names a key, is none
API_KEY_PURPOSE = "payments.gateway.api_key"
NUMBER_PURPOSE = "payments.instrument"


def adapter_for(gateway: GatewayAccount) -> Gateway:
    return adapter_of(gateway.kind)


def seal_secret(gateway: GatewayAccount, secret: str) -> bytes:
    return crypto.seal(
        secret.encode(),
        tenant_id=current_tenant_id(),
        purpose=SECRET_PURPOSE,
        bound_to=str(gateway.pk),
    )


def seal_api_key(gateway: GatewayAccount, api_key: str) -> bytes:
    return crypto.seal(
        api_key.encode(),
        tenant_id=current_tenant_id(),
        purpose=API_KEY_PURPOSE,
        bound_to=str(gateway.pk),
    )


def opened(gateway: GatewayAccount) -> Account:
    """The account with the secrets that are accepted now: during a rotation, two."""
    sealed = [gateway.secret_sealed]
    if gateway.previous_secret_until and gateway.previous_secret_until > now():
        sealed.append(gateway.previous_secret_sealed)
    secrets = tuple(_unsealed(gateway, each, SECRET_PURPOSE) for each in sealed if each)
    api_key = ""
    if gateway.api_key_sealed:
        api_key = _unsealed(gateway, gateway.api_key_sealed, API_KEY_PURPOSE)
    base_url = gateway.base_url.rstrip("/")
    return Account(gateway.name, base_url, gateway.merchant_id, secrets, api_key)


def _unsealed(gateway: GatewayAccount, sealed: bytes | memoryview, purpose: str) -> str:
    opened_bytes = crypto.unseal(
        bytes(sealed),
        tenant_id=current_tenant_id(),
        purpose=purpose,
        bound_to=str(gateway.pk),
    )
    return opened_bytes.decode()


def destination_number(destination: Destination) -> str:
    """The sealed number of a destination, opened for a gateway and for nobody else."""
    return crypto.unseal(
        bytes(destination.number_sealed),
        tenant_id=current_tenant_id(),
        purpose=NUMBER_PURPOSE,
        bound_to=str(destination.pk),
    ).decode()


def notify_url(gateway: GatewayAccount) -> str:
    """Where the gateway posts: public, known to it alone by the token."""
    slug = brokerage().slug
    path = reverse("payments-hooks:receive", args=[slug, gateway.webhook_token])
    return f"{settings.PUBLIC_URL}{path}"


def fingerprint(number: str) -> str:
    """Names a card or account number without holding it; the same at deposit and destination."""
    return crypto.fingerprints(number, tenant_id=current_tenant_id(), purpose=NUMBER_PURPOSE)[0]
