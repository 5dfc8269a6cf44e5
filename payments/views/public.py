"""What a client sees who comes back from a cashier."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from backoffice.staff.access import public


@require_GET
@public("a client comes back from the cashier; it says nothing about anyone")
def returned(request: HttpRequest) -> HttpResponse:
    """What becomes of the payment is told by the gateway's message, never by this visit."""
    return render(request, "payments/returned.html")
