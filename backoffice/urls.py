"""Every address of the product. Apps bring their own; the sandbox has none here."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from backoffice.portal import views as portal_views
from backoffice.portal.api import api, api_urls
from backoffice.portal.gallery import gallery
from clients.api import router as clients_router
from payments import api as payments_api
from payments.conversions.api import router as conversions_router
from payments.methods.api import router as methods_router

api.add_router("/clients", clients_router)
api.add_router("/deposits", payments_api.deposits)
api.add_router("/withdrawals", payments_api.withdrawals)
api.add_router("/destinations", payments_api.destinations)
api.add_router("/conversions", conversions_router)
api.add_router("/methods", methods_router)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("backoffice.staff.urls")),
    path("accounts/", include("allauth.urls")),
    path("health/live", portal_views.health_live),
    path("health/ready", portal_views.health_ready),
    path("", include("backoffice.portal.urls")),
    path("api/v1/", api_urls()),
    path("hooks/kyc/", include("kyc.vendors.hooks")),
    path("hooks/", include("payments.hooks")),
    path("money/", include("payments.urls")),
    path("", include("kyc.urls")),
    path("", include("clients.urls")),
    path("", include("ib.urls")),
    path("compliance/", include("compliance.urls")),
    path("reconciliation/", include("reconciliation.urls")),
    path("privacy/", include("privacy.urls")),
    path("", include("trading.urls")),
    path("platform/", include("operations.platform.urls")),
    path("", include("operations.urls")),
    path("", include("reporting.urls")),
]
if settings.DEBUG or settings.DEMO:
    # Every component in every state, for who builds pages.
    urlpatterns.append(path("gallery/", gallery, name="gallery"))
