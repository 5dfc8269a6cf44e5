from django.urls import path

from operations.platform import backups, views

app_name = "platform"
urlpatterns = [
    path("", views.tenant_list, name="tenants"),
    path("new/", views.tenant_new, name="tenant-new"),
    path("backups/", backups.backup_list, name="backups"),
    path("backups/live/", backups.backup_live, name="backups-live"),
    path("backups/run/", backups.backup_ask, name="backup-run"),
    path("backups/drill/", backups.drill_ask, name="backup-drill"),
    path("trail/", views.trail, name="trail"),
    path("of/<slug:slug>/", views.tenant_page, name="tenant"),
    path("of/<slug:slug>/move/", views.tenant_move, name="tenant-move"),
    path("of/<slug:slug>/invite/", views.tenant_invite, name="tenant-invite"),
    path("of/<slug:slug>/support/", views.support_start, name="support-start"),
]
