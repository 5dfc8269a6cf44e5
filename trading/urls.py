from django.urls import path

from trading.views import accounts, leverage, market, servers

app_name = "trading"
urlpatterns = [
    path("trading/accounts/", accounts.account_list, name="accounts"),
    path("trading/accounts/new/<uuid:client_pk>/", accounts.account_new, name="account-new"),
    path("trading/accounts/<uuid:pk>/", accounts.account_page, name="account"),
    path(
        "trading/accounts/<uuid:pk>/leverage/", accounts.account_leverage, name="account-leverage"
    ),
    path("trading/accounts/<uuid:pk>/group/", accounts.account_group, name="account-group"),
    path("trading/accounts/<uuid:pk>/status/", accounts.account_status, name="account-status"),
    path("trading/accounts/<uuid:pk>/archive/", accounts.account_archive, name="account-archive"),
    path(
        "trading/accounts/<uuid:pk>/password/", accounts.account_password, name="account-password"
    ),
    path(
        "trading/accounts/<uuid:pk>/password/<uuid:change_pk>/show/",
        accounts.password_show,
        name="password-show",
    ),
    path("trading/accounts/<uuid:pk>/correct/", accounts.account_correct, name="account-correct"),
    path("trading/accounts/<uuid:pk>/link/", accounts.account_link, name="account-link"),
    path("trading/leverage/", leverage.caps, name="leverage"),
    path("trading/leverage/look/", leverage.look, name="leverage-look"),
    path("trading/leverage/versions/new/", leverage.table_new, name="leverage-new"),
    path("trading/leverage/versions/<uuid:pk>/", leverage.table_page, name="leverage-table"),
    path(
        "trading/leverage/versions/<uuid:pk>/propose/",
        leverage.table_propose,
        name="leverage-propose",
    ),
    path("trading/deals/", market.deal_list, name="deals"),
    path("trading/positions/", market.position_list, name="positions"),
    path("trading/exposure/", market.exposure, name="exposure"),
    path("trading/operations/", market.operation_list, name="operations"),
    path("trading/operations/<uuid:pk>/", market.operation_page, name="operation"),
    path("trading/operations/<uuid:pk>/look/", market.operation_look, name="operation-look"),
    path("trading/operations/<uuid:pk>/cancel/", market.operation_cancel, name="operation-cancel"),
    path("trading/servers/", servers.server_list, name="servers"),
    path("trading/servers/new/", servers.server_new, name="server-new"),
    path("trading/servers/<uuid:pk>/", servers.server_page, name="server"),
    path("trading/servers/<uuid:pk>/edit/", servers.server_edit, name="server-edit"),
    path("trading/servers/<uuid:pk>/ask/", servers.server_ask, name="server-ask"),
    path("trading/groups/<uuid:pk>/offer/", servers.group_offer, name="group-offer"),
]
