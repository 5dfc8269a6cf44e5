"""Every address of the product. Apps bring their own; the sandbox has none here."""

from django.urls import URLPattern, URLResolver, include, path

from backoffice.portal import views as portal_views
from backoffice.portal.api import api, api_urls
from clients.api import router as clients_router

api.add_router("/clients", clients_router)

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    path("health/live", portal_views.health_live),
    path("health/ready", portal_views.health_ready),
    path("", include("backoffice.portal.urls")),
    path("", include("backoffice.staff.urls")),
    path("api/v1/", api_urls()),
    path("hooks/", include("payments.hooks")),
    path("money/", include("payments.urls")),
    path("", include("kyc.urls")),
    path("", include("clients.urls")),
    path("", include("ib.urls")),
    path("compliance/", include("compliance.urls")),
    path("reconciliation/", include("reconciliation.urls")),
    path("", include("trading.urls")),
    path("", include("operations.urls")),
    path("", include("reporting.urls")),
]
