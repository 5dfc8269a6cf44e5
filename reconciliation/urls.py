from django.urls import path

from reconciliation import adjustment_views, views, writeoff_views

app_name = "reconciliation"
urlpatterns = [
    path("files/", views.file_list, name="files"),
    path("files/import/", views.statement_import, name="import"),
    path("files/<uuid:pk>/", views.file_detail, name="file"),
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
    path("write-offs/", writeoff_views.limits, name="write-offs"),
    path("adjustments/<uuid:pk>/", adjustment_views.record, name="adjustment"),
]
