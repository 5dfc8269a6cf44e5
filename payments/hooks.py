"""Where gateways post. Public: who it is, the signature over the raw bytes says."""

import logging
from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from backoffice.core.context import system_actor
from backoffice.staff.access import public
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from payments.accounts import adapter_for, opened
from payments.gateways.port import AsksLeave, SignedAnswer
from payments.models import GatewayAccount
from payments.services import notices
from payments.services.attempts import attempt_refusal

log = logging.getLogger(__name__)
BODY_BYTES_MAX = 64 * 1024


@csrf_exempt
@require_POST
@public("gateways sign what they post; nothing else is believed")
def receive(request: HttpRequest, tenant: str, token: str) -> HttpResponse:
    """Check the signature, keep the bytes, answer. Reading them is a worker's; only a gateway that
    asks whether a client may pay is answered at once."""
    body = _bounded(request)
    if body is None:
        return _answer(413, "A message has at most 64 KB.")
    # A suspended brokerage's too: it is kept, and read once the brokerage is open again.
    found = Tenant.objects.filter(slug=tenant).first()
    if found is None:
        return _answer(404, "There is nothing at this address.")
    actor = system_actor(found.pk, "gateway messages")
    with tenant_scope(found.pk, actor):
        gateway = GatewayAccount.objects.filter(
            tenant_id=found.pk, webhook_token=token, active=True
        ).first()
        if gateway is None:
            return _answer(404, "There is nothing at this address.")
        adapter, account = adapter_for(gateway), opened(gateway)
        if not adapter.is_genuine(account, request.headers, body):
            notices.signature_refused(gateway=gateway)
            log.warning("webhook with a bad signature", extra={"gateway": str(gateway.pk)})
            return _answer(401, "The signature does not fit.")
        if isinstance(adapter, AsksLeave) and (attempt := adapter.attempt(body)):
            refusal = attempt_refusal(actor=actor, gateway=gateway, attempt=attempt)
            return _signed(adapter.answer(account, refusal))
        stored = notices.message_store(
            actor=actor, gateway=gateway, headers=request.headers, body=body
        )
        if isinstance(adapter, AsksLeave):
            return _signed(adapter.answer(account))
    return _answer(200, "stored" if stored else "known")


def _bounded(request: HttpRequest) -> bytes | None:
    """The body, or None when it is larger than a gateway's message ever is."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > BODY_BYTES_MAX:
        return None
    body = request.read(BODY_BYTES_MAX + 1)
    return None if len(body) > BODY_BYTES_MAX else body


def _signed(answer: SignedAnswer) -> HttpResponse:
    return HttpResponse(answer.body, content_type="application/json", headers=dict(answer.headers))


def _answer(status: int, text: str) -> HttpResponse:
    return JsonResponse({"status" if status == 200 else "error": text}, status=status)


app_name = "payments-hooks"
urlpatterns: Sequence[URLPattern] = [path("<slug:tenant>/<str:token>/", receive, name="receive")]
