from collections.abc import Callable
from uuid import UUID

from django.apps import AppConfig

VIEW = ("payments.view_payment",)
MANAGE = ("payments.manage_gateways",)
PLURALS = {"bonus": "bonuses"}


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from backoffice.portal import desks, navigation, search
        from backoffice.portal.navigation import Entry
        from backoffice.portal.settings_pages import Area, register_area
        from backoffice.workflow import moves
        from payments import (  # noqa: F401 - they register themselves
            actions,
            adjustment_states,
            approvals,
            bonus_states,
            books_check,
            chargeback_states,
            conversion_states,
            handlers,
            part_handlers,
            payment_file_states,
            queues,
            release_checks,
            states,
            tab,
        )
        from payments.automatic import dry_runs  # noqa: F401 - it registers its work
        from payments.automatic.states import DRY_RUN, VERSION
        from payments.bonuses import actions as bonus_actions  # noqa: F401
        from payments.bonuses import handlers as bonus_handlers
        from payments.chargebacks import check
        from payments.chargebacks import handlers as chargeback_handlers  # noqa: F401
        from payments.conversions import actions as conversion_actions  # noqa: F401
        from payments.conversions import handlers as conversion_handlers  # noqa: F401
        from trading.states import OPERATION, OperationState

        moves.register(chargeback_states.CHARGEBACK)
        moves.register(chargeback_states.ANSWER)
        moves.register(payment_file_states.PAYMENT_FILE)
        release_checks.register(check.CODE, check.release_check, order=50)
        moves.register(adjustment_states.WALLET_ADJUSTMENT)
        moves.register(conversion_states.CONVERSION)
        by_client = ("Deposit", "Withdrawal", "Transfer", "Chargeback", "WalletAdjustment")
        moves.register(bonus_states.BONUS)
        for name in (*by_client, "Conversion", "Bonus"):
            desks.register(f"payments.{name}", desks.by_client(self.get_model(name)))
        moves.register(states.DEPOSIT)
        moves.register(bonus_states.BONUS_RULE)
        approved = str(states.WithdrawalState.APPROVED)
        going = {approved: ["payments.submit", bonus_handlers.WITHDRAWAL]}
        moves.register(states.WITHDRAWAL, going)
        moves.register(states.PART)
        moves.register(VERSION)
        moves.register(DRY_RUN)
        moves.register(states.TRANSFER)
        ended = ["payments.operation_ended"]
        moves.register(
            OPERATION,
            {
                OperationState.APPLIED: ended,
                OperationState.REFUSED: ended,
                OperationState.VOIDED: ended,
            },
        )
        for code, label, icon in (
            ("deposit", "Deposits", "arrow-down-left"),
            ("withdrawal", "Withdrawals", "arrow-up-right"),
            ("transfer", "Transfers", "arrows-exchange"),
            ("chargeback", "Chargebacks", "receipt-refund"),
            ("adjustment", "Wallet adjustments", "scale"),
            ("conversion", "Conversions", "switch-horizontal"),
            ("bonus", "Bonuses", "star"),
        ):
            search.register(
                search.Kind(
                    code,
                    label,
                    icon,
                    "payments.view_payment",
                    _url(PLURALS.get(code, f"{code}s")),
                    30,
                )
            )
        for entry in (
            Entry("Work", "Money", "payments:overview", "wallet", VIEW, "m", 40),
            Entry("Settings", "Gateways", "payments:setup", "plug", MANAGE, "", 60),
        ):
            navigation.register(entry)
        quotes = ("payments.quote_currencies",)
        text = "Gateways, methods, withdrawal rules, bands of approval, rates"
        register_area(Area("Gateways", text, "plug", "payments:setup", MANAGE, 90))
        text = "Quotes, spreads, how long an offer stands, who approves large ones"
        area = Area(
            "Conversions", text, "switch-horizontal", "payments:conversion-setup", quotes, 95
        )
        register_area(area)
        text = "Whether bonuses are given, and where the law forbids them"
        manage = ("payments.manage_bonuses",)
        register_area(Area("Bonuses", text, "star", "payments:bonus-setup", manage, 96))


def _url(folder: str) -> Callable[[UUID], str]:
    return lambda pk: f"/money/{folder}/{pk}/"
