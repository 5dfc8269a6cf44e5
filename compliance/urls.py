from django.urls import path

from compliance import (
    alert_views,
    hit_views,
    list_views,
    policy_views,
    release_views,
    scenario_views,
)
from compliance.risk import changes
from compliance.risk import views as risk

app_name = "compliance"
urlpatterns = [
    path("hits/", hit_views.hit_list, name="hits"),
    path("hits/<uuid:pk>/", hit_views.hit_page, name="hit"),
    path("hits/<uuid:pk>/decide/<slug:verdict>/", hit_views.hit_decide, name="hit-decide"),
    path("hits/<uuid:pk>/vote/", hit_views.hit_vote, name="hit-vote"),
    path("lists/", list_views.list_overview, name="lists"),
    path("lists/upload/", list_views.list_upload, name="list-upload"),
    path("policy/", policy_views.policy_page, name="policy"),
    path("policy/propose/", policy_views.policy_propose, name="policy-propose"),
    path("lists/<slug:source>/<int:number>/", list_views.list_version, name="list-version"),
    path("alerts/", alert_views.alert_list, name="alerts"),
    path("alerts/<uuid:pk>/", alert_views.alert_page, name="alert"),
    path("alerts/<uuid:pk>/review/", alert_views.alert_review, name="alert-review"),
    path("alerts/<uuid:pk>/decide/<slug:verdict>/", alert_views.alert_decide, name="alert-decide"),
    path("alerts/<uuid:pk>/snooze/", alert_views.alert_snooze, name="alert-snooze"),
    path("scenarios/", scenario_views.scenario_list, name="scenarios"),
    path("scenarios/propose/", scenario_views.propose, name="scenario-propose"),
    path("scenarios/<uuid:pk>/move/", scenario_views.scenario_move, name="scenario-move"),
    path("risk/", risk.models, name="risk"),
    path("risk/begin/", risk.begin, name="risk-begin"),
    path("risk/new/", risk.model_new, name="risk-new"),
    path("risk/versions/<uuid:pk>/", risk.model_page, name="risk-model"),
    path("risk/versions/<uuid:pk>/try/", risk.model_try, name="risk-try"),
    path("risk/versions/<uuid:pk>/propose/", risk.model_propose, name="risk-propose"),
    path("risk-changes/", changes.change_list, name="risk-changes"),
    path("risk-changes/<uuid:pk>/", changes.change_page, name="risk-change"),
    path("risk-changes/<uuid:pk>/seen/", changes.change_seen, name="risk-seen"),
    path("held/", release_views.held_list, name="held"),
    path("held/<uuid:pk>/", release_views.held_payment, name="held-payment"),
    path("held/<uuid:pk>/release/", release_views.release, name="release"),
    path("search/", list_views.name_search, name="name-search"),
]
