from django.urls import path

from reconciliation import adjustment_views, columns_views, signing_views, views, writeoff_views
from reconciliation.settlements import views as settlements

app_name = "reconciliation"
urlpatterns = [
    path("files/", views.file_list, name="files"),
    path("files/picked-up/", views.pickup_list, name="pickups"),
    path("files/import/", views.statement_import, name="import"),
    path("files/<uuid:pk>/", views.file_detail, name="file"),
    path("files/<uuid:pk>/columns/", columns_views.choose, name="file-columns"),
    path("files/<uuid:pk>/live/", views.file_live, name="file-live"),
    path("lines/", views.line_list, name="lines"),
    path("accounts/", views.account_list, name="accounts"),
    path("breaks/", views.break_list, name="breaks"),
    path("breaks/<uuid:pk>/", views.break_detail, name="break"),
    path("breaks/<uuid:pk>/take/", views.break_take, name="break-take"),
    path("breaks/<uuid:pk>/close/", views.break_close, name="break-close"),
    path("breaks/<uuid:pk>/match/", views.break_match, name="break-match"),
    path("breaks/<uuid:pk>/settle/", views.break_settle, name="break-settle"),
    path("breaks/<uuid:pk>/adjust/", adjustment_views.propose, name="break-adjust"),
    path("breaks/<uuid:pk>/identify/", adjustment_views.identify, name="break-identify"),
    path("breaks/<uuid:pk>/accept/", writeoff_views.accept, name="break-accept"),
    path("sign-offs/", signing_views.sign_offs, name="sign-offs"),
    path("sign-offs/<str:day>/<uuid:pk>/<str:currency>/", signing_views.sign_off, name="sign-off"),
    path(
        "sign-offs/<str:day>/<uuid:pk>/<str:currency>/sign/",
        signing_views.sign,
        name="sign-off-sign",
    ),
    path("write-offs/", writeoff_views.limits, name="write-offs"),
    path("breaks/<uuid:pk>/line/", settlements.break_line_match, name="break-line-match"),
    path("breaks/<uuid:pk>/line/back/", settlements.break_line_unmatch, name="break-line-unmatch"),
    path("reports/", settlements.report_list, name="reports"),
    path("reports/import/", settlements.report_import, name="report-import"),
    path("reports/terms/", settlements.terms_page, name="terms"),
    path("reports/<uuid:pk>/", settlements.report_detail, name="report"),
    path("reports/<uuid:pk>/live/", settlements.report_live, name="report-live"),
    path("reports/<uuid:pk>/cost/", settlements.cost_propose, name="report-cost"),
    path("costs/<uuid:pk>/", settlements.cost_record, name="cost"),
    path("adjustments/<uuid:pk>/", adjustment_views.record, name="adjustment"),
]
