from django.urls import path

from reporting import home
from reporting.client_money import views
from reporting.day_close import views as days

app_name = "reporting"
urlpatterns = [
    path("", home.home, name="home"),
    path("reports/client-money/", views.report_list, name="client-money"),
    path("reports/client-money/run/", views.report_run, name="client-money-run"),
    path("reports/client-money/policy/", views.policy_edit, name="client-money-policy"),
    path("reports/client-money/balances/", views.balance_list, name="client-money-balances"),
    path("reports/client-money/<uuid:pk>/", views.report_detail, name="client-money-report"),
    path("reports/client-money/<uuid:pk>/sign/", views.report_sign, name="client-money-sign"),
    path("reports/days/", days.day_list, name="days"),
    path("reports/days/policy/", days.policy_edit, name="day-policy"),
    path("reports/days/<uuid:pk>/", days.day_detail, name="day"),
    path("reports/days/<uuid:pk>/verify/", days.day_verify, name="day-verify"),
    path("reports/days/<uuid:pk>/close/", days.day_close, name="day-close"),
    path("reports/days/<uuid:pk>/cancel/", days.day_cancel, name="day-cancel"),
    path("reports/days/files/<uuid:pk>/", days.file_download, name="day-file"),
    path("reports/files/<uuid:pk>/", views.file_download, name="report-file"),
]
