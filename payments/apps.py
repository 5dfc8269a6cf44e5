from uuid import UUID

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from backoffice.portal import search
        from backoffice.workflow import moves
        from payments import (  # noqa: F401 - they register themselves
            actions,
            approvals,
            books_check,
            handlers,
            queues,
            states,
        )
        from trading.states import OPERATION, OperationState

        moves.register(states.DEPOSIT)
        moves.register(states.WITHDRAWAL, {states.WithdrawalState.APPROVED: ["payments.submit"]})
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
        search.register(
            search.Kind(
                "deposit", "Deposits", "arrow-down-left", "payments.view_payment", _deposit, 30
            )
        )


def _deposit(pk: UUID) -> str:
    return f"/money/deposits/{pk}/"
