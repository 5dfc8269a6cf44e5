from django.urls import path

from ib.views import agreements, partners, payouts

app_name = "ib"
urlpatterns = [
    path("partners/", partners.partner_list, name="list"),
    path("partners/new/<uuid:pk>/", partners.partner_new, name="new"),
    path("partners/commissions/", partners.line_list, name="lines"),
    path("partners/commissions/<uuid:pk>/", partners.line_page, name="line"),
    path("partners/agreements/", agreements.agreement_list, name="agreements"),
    path("partners/agreements/new/", agreements.agreement_new, name="agreement-new"),
    path("partners/agreements/<uuid:pk>/", agreements.agreement_page, name="agreement"),
    path("partners/agreements/<uuid:pk>/edit/", agreements.version_edit, name="version-edit"),
    path(
        "partners/agreements/<uuid:pk>/propose/", agreements.version_propose, name="version-propose"
    ),
    path("partner-payouts/", payouts.payout_list, name="payouts"),
    path("partner-payouts/<uuid:pk>/", payouts.payout_page, name="payout"),
    path("partner-payouts/<uuid:pk>/decide/", payouts.payout_decide, name="payout-decide"),
    path("partners/<uuid:pk>/", partners.partner_page, name="partner"),
    path("partners/<uuid:pk>/move/", partners.partner_move, name="move"),
    path("partners/<uuid:pk>/state/<slug:state>/", partners.partner_state, name="state"),
    path("partners/<uuid:pk>/client/", partners.client_add, name="client-add"),
    path("partners/<uuid:pk>/agreement/", partners.agreement_assign, name="assign"),
    path("partners/<uuid:pk>/payout/", payouts.payout_new, name="payout-new"),
]
