from django.urls import path

from privacy import access_views, retention_views, views

app_name = "privacy"
urlpatterns = [
    path("requests/", views.request_list, name="requests"),
    path("requests/<uuid:pk>/", views.request_page, name="request"),
    path("requests/<uuid:pk>/cancel/", views.request_cancel, name="request-cancel"),
    path("requests/<uuid:pk>/letter/", views.letter, name="letter"),
    path("due/", views.due_list, name="due"),
    path("due/ask/", views.due_ask, name="due-ask"),
    path("access/", access_views.access_page, name="access"),
    path("retention/", retention_views.rules_page, name="retention"),
    path("retention/propose/", retention_views.propose, name="retention-propose"),
    path("clients/<uuid:pk>/erase/", views.request_new, name="request-new"),
    path("clients/<uuid:pk>/hold/", views.hold_new, name="hold-new"),
    path("holds/<uuid:pk>/lift/", views.hold_lift, name="hold-lift"),
]
