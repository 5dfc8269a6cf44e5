from django.urls import path

from reporting import home
from reporting.client_money import views

app_name = "reporting"
urlpatterns = [
    path("", home.home, name="home"),
    path("reports/client-money/", views.report_list, name="client-money"),
    path("reports/client-money/run/", views.report_run, name="client-money-run"),
    path("reports/client-money/policy/", views.policy_edit, name="client-money-policy"),
    path("reports/client-money/balances/", views.balance_list, name="client-money-balances"),
    path("reports/client-money/<uuid:pk>/", views.report_detail, name="client-money-report"),
    path("reports/client-money/<uuid:pk>/sign/", views.report_sign, name="client-money-sign"),
    path("reports/files/<uuid:pk>/", views.file_download, name="report-file"),
]
