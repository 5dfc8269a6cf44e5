from django.urls import path

from kyc.categories.views import category_change
from kyc.parties import views as parties
from kyc.questionnaires import builder, preview
from kyc.questionnaires import pages as forms
from kyc.questionnaires import public as questions
from kyc.questionnaires import views as answers
from kyc.vendors import views as vendors
from kyc.views import changes, pages

PARTY = "clients/<uuid:pk>/parties/<uuid:party_pk>/"
app_name = "kyc"
FORM = "settings/questionnaires/<uuid:pk>/"
urlpatterns = [
    path("kyc/", pages.queue, name="queue"),
    path("kyc/cases/", pages.case_list, name="cases"),
    path("kyc/levels/", pages.levels, name="levels"),
    path("kyc/levels/<uuid:pk>/tax/", parties.level_tax, name="level-tax"),
    path("kyc/vendors/", vendors.vendor_list, name="vendors"),
    path("kyc/vendors/new/", vendors.vendor_new, name="vendor-new"),
    path("kyc/vendors/<uuid:pk>/", vendors.vendor_page, name="vendor"),
    path("kyc/vendors/<uuid:pk>/test/", vendors.vendor_test, name="vendor-test"),
    path("settings/questionnaires/", forms.forms, name="forms"),
    path(FORM, forms.form_page, name="form"),
    path(f"{FORM}propose/", forms.form_propose, name="form-propose"),
    path("settings/questionnaires/new/", builder.form_new, name="form-new"),
    path(f"{FORM}next/", builder.form_next, name="form-next"),
    path(f"{FORM}drop/", builder.form_drop, name="form-drop"),
    path(f"{FORM}preview/", preview.form_preview, name="form-preview"),
    path(f"{FORM}edit/", builder.form_edit, name="form-edit"),
    path(f"{FORM}edit/about/", builder.form_about, name="form-about"),
    path(f"{FORM}edit/test/", builder.form_test, name="form-test"),
    path(f"{FORM}edit/<slug:code>/", builder.form_question, name="form-question"),
    path(f"{FORM}edit/<slug:code>/move/", builder.form_move, name="form-move"),
    path(f"{FORM}edit/<slug:code>/copy/", builder.form_copy, name="form-copy"),
    path(f"{FORM}edit/<slug:code>/remove/", builder.form_remove, name="form-remove"),
    path("questions/<str:token>/", questions.questions, name="questions"),
    path(
        "clients/<uuid:pk>/questionnaires/<uuid:form_pk>/fill/",
        answers.form_fill,
        name="form-fill",
    ),
    path(
        "clients/<uuid:pk>/questionnaires/<uuid:form_pk>/link/",
        answers.form_link,
        name="form-link",
    ),
    path("kyc/fillings/<uuid:pk>/", answers.filling, name="filling"),
    path("kyc/fillings/<uuid:pk>/drop/", answers.filling_drop, name="filling-drop"),
    path("kyc/<uuid:pk>/identity/", vendors.identity_start, name="identity-start"),
    path("clients/<uuid:pk>/category/", category_change, name="category"),
    path("clients/<uuid:pk>/kyc/open/", changes.case_open, name="open"),
    path("clients/<uuid:pk>/parties/new/<slug:kind>/", parties.party_new, name="party-new"),
    path("clients/<uuid:pk>/company/", parties.flags_change, name="company-flags"),
    path(PARTY, parties.party_page, name="party"),
    path(f"{PARTY}edit/", parties.party_edit, name="party-edit"),
    path(f"{PARTY}role/", parties.role_new, name="party-role"),
    path(f"{PARTY}role/<uuid:tie_pk>/share/", parties.share_change, name="share-change"),
    path(f"{PARTY}role/<uuid:tie_pk>/end/", parties.role_end, name="role-end"),
    path(f"{PARTY}clear/", parties.party_clear, name="party-clear"),
    path(f"{PARTY}refuse/", parties.party_refuse, name="party-refuse"),
    path(f"{PARTY}again/", parties.party_again, name="party-again"),
    path("kyc/<uuid:pk>/", pages.case_page, name="case"),
    path("kyc/<uuid:pk>/answers/", changes.case_answers, name="answers"),
    path("kyc/<uuid:pk>/submit/", changes.case_submit, name="submit"),
    path("kyc/<uuid:pk>/send/", changes.case_send, name="send"),
    path("kyc/<uuid:pk>/approve/", changes.case_approve, name="approve"),
    path("kyc/<uuid:pk>/send-back/", changes.case_send_back, name="send-back"),
    path("kyc/<uuid:pk>/ask/", changes.case_ask, name="ask"),
    path("kyc/<uuid:pk>/reject/", changes.case_reject, name="reject"),
    path("kyc/<uuid:pk>/escalate/", changes.case_escalate, name="escalate"),
    path("kyc/<uuid:pk>/return/", changes.case_return, name="return"),
    path("kyc/<uuid:pk>/risk/", changes.case_risk, name="risk"),
    path("kyc/<uuid:pk>/begin/", changes.case_begin, name="begin"),
    path("kyc/<uuid:pk>/suspend/", changes.case_suspend, name="suspend"),
    path("kyc/<uuid:pk>/offboard/", changes.case_offboard, name="offboard"),
    path("kyc/<uuid:pk>/close/", changes.case_close, name="close"),
    path("kyc/<uuid:pk>/freeze/", changes.case_freeze, name="freeze"),
    path("kyc/<uuid:pk>/unfreeze/", changes.case_unfreeze, name="unfreeze"),
    path("kyc/<uuid:pk>/checks/<slug:name>/", changes.check_again, name="check-again"),
    path(
        "kyc/<uuid:pk>/documents/<uuid:document_pk>/accept/",
        changes.document_accept,
        name="document-accept",
    ),
    path(
        "kyc/<uuid:pk>/documents/<uuid:document_pk>/refuse/",
        changes.document_refuse,
        name="document-refuse",
    ),
    path(
        "kyc/<uuid:pk>/documents/<uuid:document_pk>/zone/",
        changes.document_zone,
        name="document-zone",
    ),
    path(
        "kyc/<uuid:pk>/documents/<uuid:document_pk>/facts/",
        changes.document_facts,
        name="document-facts",
    ),
]
