from django.urls import path

from ib.views import agreements, partners, payouts

app_name = "ib"
urlpatterns = [
    path("", partners.partner_list, name="list"),
    path("new/<uuid:pk>/", partners.partner_new, name="new"),
    path("commissions/", partners.line_list, name="lines"),
    path("commissions/<uuid:pk>/", partners.line_page, name="line"),
    path("agreements/", agreements.agreement_list, name="agreements"),
    path("agreements/new/", agreements.agreement_new, name="agreement-new"),
    path("agreements/<uuid:pk>/", agreements.agreement_page, name="agreement"),
    path("agreements/<uuid:pk>/edit/", agreements.version_edit, name="version-edit"),
    path("agreements/<uuid:pk>/propose/", agreements.version_propose, name="version-propose"),
    path("payouts/", payouts.payout_list, name="payouts"),
    path("payouts/<uuid:pk>/", payouts.payout_page, name="payout"),
    path("payouts/<uuid:pk>/decide/", payouts.payout_decide, name="payout-decide"),
    path("<uuid:pk>/", partners.partner_page, name="partner"),
    path("<uuid:pk>/move/", partners.partner_move, name="move"),
    path("<uuid:pk>/state/<slug:state>/", partners.partner_state, name="state"),
    path("<uuid:pk>/client/", partners.client_add, name="client-add"),
    path("<uuid:pk>/agreement/", partners.agreement_assign, name="assign"),
    path("<uuid:pk>/payout/", payouts.payout_new, name="payout-new"),
]
