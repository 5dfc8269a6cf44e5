from django.urls import path

from backoffice.portal import trail, views

app_name = "portal"
urlpatterns = [
    path("search/", views.search_view, name="search"),
    path("late/", views.late, name="late"),
    path("views/save/", views.view_save, name="view-save"),
    path("views/<uuid:pk>/delete/", views.view_delete, name="view-delete"),
    path("exports/", views.export_list, name="exports"),
    path("exports/ask/", views.export_ask, name="export-ask"),
    path("exports/<uuid:pk>/file/", views.export_file, name="export-file"),
    path("audit/", trail.trail, name="trail"),
    path("audit/verify/", trail.trail_verify, name="trail-verify"),
    path("items/<uuid:pk>/claim/", views.item_claim, name="item-claim"),
    path("items/<uuid:pk>/release/", views.item_release, name="item-release"),
]
