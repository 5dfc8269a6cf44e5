from django.urls import path

from backoffice.portal import approval_pages, people, trail, views

app_name = "portal"
urlpatterns = [
    path("search/", views.search_view, name="search"),
    path("late/", views.late, name="late"),
    path("live/", views.live, name="live"),
    path("views/save/", views.view_save, name="view-save"),
    path("views/<uuid:pk>/delete/", views.view_delete, name="view-delete"),
    path("exports/", views.export_list, name="exports"),
    path("exports/ask/", views.export_ask, name="export-ask"),
    path("exports/<uuid:pk>/file/", views.export_file, name="export-file"),
    path("audit/", trail.trail, name="trail"),
    path("audit/verify/", trail.trail_verify, name="trail-verify"),
    path("audit/heads/", trail.trail_heads, name="trail-heads"),
    path("approvals/", approval_pages.approval_list, name="approvals"),
    path("approvals/<uuid:pk>/", approval_pages.approval_detail, name="approval"),
    path("approvals/<uuid:pk>/decide/", approval_pages.approval_decide, name="approval-decide"),
    path("staff/", people.member_list, name="members"),
    path("staff/<uuid:pk>/", people.member_detail, name="member"),
    path("staff/<uuid:pk>/grant/", people.member_grant, name="member-grant"),
    path("staff/<uuid:pk>/withdraw/", people.member_withdraw, name="member-withdraw"),
    path("staff/<uuid:pk>/active/", people.member_active, name="member-active"),
    path("roles/", people.role_matrix, name="roles"),
    path("api-keys/", people.api_keys, name="api-keys"),
    path("api-keys/<uuid:pk>/revoke/", people.api_key_revoke, name="api-key-revoke"),
    path("items/<uuid:pk>/claim/", views.item_claim, name="item-claim"),
    path("items/<uuid:pk>/release/", views.item_release, name="item-release"),
]
