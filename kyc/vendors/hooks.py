"""Where identity vendors post. Public: who it is, the signature over the raw bytes says."""

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
from kyc.models import VendorAccount
from kyc.vendors import services
from kyc.vendors.accounts import adapter_for, opened
from kyc.vendors.port import MessageUnreadable

log = logging.getLogger(__name__)
BODY_BYTES_MAX = 256 * 1024


@csrf_exempt
@require_POST
@public("vendors sign what they post; nothing else is believed")
def receive(request: HttpRequest, tenant: str, token: str) -> HttpResponse:
    """Check the signature, keep the bytes, answer. Reading them is a worker's."""
    body = _bounded(request)
    if body is None:
        return _answer(413, "A message has at most 256 KB.")
    found = Tenant.objects.filter(slug=tenant).first()
    if found is None:
        return _answer(404, "There is nothing at this address.")
    actor = system_actor(found.pk, "identity vendor messages")
    with tenant_scope(found.pk, actor):
        account = VendorAccount.objects.filter(
            tenant_id=found.pk, webhook_token=token, active=True
        ).first()
        if account is None:
            return _answer(404, "There is nothing at this address.")
        if not adapter_for(account).is_genuine(opened(account), request.headers, body):
            services.signature_refused(account=account)
            log.warning("vendor message with a bad signature", extra={"vendor": str(account.pk)})
            return _answer(401, "The signature does not fit.")
        try:
            stored = services.message_store(
                actor=actor, account=account, headers=request.headers, body=body
            )
        except MessageUnreadable as error:
            return _answer(422, str(error))
    return _answer(200, "stored" if stored else "known")


def _bounded(request: HttpRequest) -> bytes | None:
    """The body, or None when it is larger than a vendor's message ever is."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > BODY_BYTES_MAX:
        return None
    body = request.read(BODY_BYTES_MAX + 1)
    return None if len(body) > BODY_BYTES_MAX else body


def _answer(status: int, text: str) -> HttpResponse:
    return JsonResponse({"status" if status == 200 else "error": text}, status=status)


app_name = "kyc-hooks"
urlpatterns: Sequence[URLPattern] = [path("<slug:tenant>/<str:token>/", receive, name="receive")]
