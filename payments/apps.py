from collections.abc import Callable
from uuid import UUID

from django.apps import AppConfig

VIEW = ("payments.view_payment",)
MANAGE = ("payments.manage_gateways",)
QUOTE, BONUSES = ("payments.quote_currencies",), ("payments.manage_bonuses",)
# The models whose records belong to the desk of their client.
BY_CLIENT = (
    "Deposit",
    "Withdrawal",
    "Transfer",
    "Chargeback",
    "WalletAdjustment",
    "Conversion",
    "Bonus",
)


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from backoffice.portal import desks
        from payments import (  # noqa: F401 - they register themselves
            actions,
            approvals,
            books_check,
            handlers,
            part_handlers,
            queues,
            release_checks,
            tab,
        )
        from payments.automatic import dry_runs  # noqa: F401 - it registers its work
        from payments.bonuses import actions as bonus_actions  # noqa: F401
        from payments.chargebacks import check
        from payments.chargebacks import handlers as chargeback_handlers  # noqa: F401
        from payments.conversions import actions as conversion_actions  # noqa: F401
        from payments.conversions import handlers as conversion_handlers  # noqa: F401

        release_checks.register(check.CODE, check.release_check, order=50)
        for name in BY_CLIENT:
            desks.register(f"payments.{name}", desks.by_client(self.get_model(name)))
        _register_machines()
        _offer_search()
        _offer_pages()
        _offer_settings()


def _register_machines() -> None:
    """The tables of states, and who follows which of them."""
    from backoffice.workflow import moves
    from payments import (
        adjustment_states,
        bonus_states,
        chargeback_states,
        conversion_states,
        payment_file_states,
        states,
    )
    from payments.automatic.states import DRY_RUN, VERSION
    from payments.bonuses import handlers as bonus_handlers
    from trading.states import OPERATION, OperationState

    for machine in (
        states.DEPOSIT,
        states.PART,
        states.TRANSFER,
        chargeback_states.CHARGEBACK,
        chargeback_states.ANSWER,
        payment_file_states.PAYMENT_FILE,
        adjustment_states.WALLET_ADJUSTMENT,
        conversion_states.CONVERSION,
        bonus_states.BONUS,
        bonus_states.BONUS_RULE,
        VERSION,
        DRY_RUN,
    ):
        moves.register(machine)
    approved = str(states.WithdrawalState.APPROVED)
    going = {approved: ["payments.submit", bonus_handlers.WITHDRAWAL]}
    moves.register(states.WITHDRAWAL, going)
    over = (OperationState.APPLIED, OperationState.REFUSED, OperationState.VOIDED)
    moves.register(OPERATION, {state: ["payments.operation_ended"] for state in over})


def _offer_search() -> None:
    from backoffice.portal import search

    for code, label, icon, folder in (
        ("deposit", "Deposits", "arrow-down-left", "deposits"),
        ("withdrawal", "Withdrawals", "arrow-up-right", "withdrawals"),
        ("transfer", "Transfers", "arrows-exchange", "transfers"),
        ("chargeback", "Chargebacks", "receipt-refund", "chargebacks"),
        ("adjustment", "Wallet adjustments", "scale", "adjustments"),
        ("conversion", "Conversions", "switch-horizontal", "conversions"),
        ("bonus", "Bonuses", "star", "bonuses"),
    ):
        search.register(search.Kind(code, label, icon, *VIEW, _url(folder), 30))


def _offer_pages() -> None:
    from backoffice.portal.navigation import Entry, register

    register(Entry("Work", "Money", "payments:overview", "wallet", VIEW, "m", 40))
    register(Entry("Settings", "Gateways", "payments:setup", "plug", MANAGE, "", 60))


def _offer_settings() -> None:
    from backoffice.portal.settings_pages import Area, register_area

    text = "Gateways, methods, withdrawal rules, bands of approval, rates"
    register_area(Area("Gateways", text, "plug", "payments:setup", MANAGE, 90))
    text = "Quotes, spreads, how long an offer stands, who approves large ones"
    page = "payments:conversion-setup"
    register_area(Area("Conversions", text, "switch-horizontal", page, QUOTE, 95))
    text = "Whether bonuses are given, and where the law forbids them"
    register_area(Area("Bonuses", text, "star", "payments:bonus-setup", BONUSES, 96))


def _url(folder: str) -> Callable[[UUID], str]:
    return lambda pk: f"/money/{folder}/{pk}/"
