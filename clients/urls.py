from django.urls import path

from clients.views import changes, desks, documents, pages, public, tax

app_name = "clients"
urlpatterns = [
    path("settings/desks/", desks.desk_list, name="desks"),
    path("settings/desks/<uuid:pk>/", desks.desk_page, name="desk"),
    path("settings/desks/<uuid:pk>/join/", desks.desk_join, name="desk-join"),
    path("settings/desks/<uuid:pk>/leave/", desks.desk_leave, name="desk-leave"),
    path("clients/", pages.client_list, name="list"),
    path("clients/new/", changes.client_new, name="new"),
    path("clients/<uuid:pk>/", pages.client_page, name="client"),
    path("clients/<uuid:pk>/edit/", changes.client_edit, name="edit"),
    path("clients/<uuid:pk>/means/", changes.means_declare, name="means"),
    path("clients/<uuid:pk>/tax/", tax.tax_certify, name="tax"),
    path("clients/<uuid:pk>/tax/<uuid:party_pk>/", tax.tax_certify, name="tax-party"),
    path("clients/<uuid:pk>/assign/", changes.client_assign, name="assign"),
    path("clients/<uuid:pk>/restrict/", changes.client_restrict, name="restrict"),
    path(
        "clients/<uuid:pk>/restrictions/<uuid:restriction_pk>/lift/",
        changes.restriction_lift,
        name="restriction-lift",
    ),
    path("clients/<uuid:pk>/move/<slug:state>/", changes.client_move, name="move"),
    path("clients/<uuid:pk>/note/", changes.note_add, name="note"),
    path("clients/<uuid:pk>/upload/", documents.document_upload, name="document-upload"),
    path("clients/<uuid:pk>/upload-link/", documents.upload_link, name="link-new"),
    path(
        "clients/<uuid:pk>/upload-link/<uuid:link_pk>/withdraw/",
        documents.upload_link_withdraw,
        name="link-revoke",
    ),
    path("clients/<uuid:pk>/<slug:code>/", pages.client_tab, name="tab"),
    path("documents/<uuid:pk>/file/", documents.document_file, name="document"),
    path("upload/<str:token>/", public.upload, name="upload"),
]
