from django.urls import path

from backoffice.staff import views

app_name = "staff"
urlpatterns = [
    path("brokerage/", views.tenant_choose, name="tenant-choose"),
    path("invited/<str:uid>/<str:token>/", views.invitation, name="invited"),
    # In place of allauth's page: the address that one signs in by is not one's own to change.
    path("accounts/email/", views.email_page, name="email"),
    path("support/", views.support_session, name="support"),
    # In place of allauth's page, which can only end all others.
    path("accounts/sessions/", views.sessions, name="sessions"),
]
