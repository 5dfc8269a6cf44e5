"""The work queues of payments."""

from backoffice.workflow.queues import Queue, register

DEPOSITS = register(
    Queue(
        code="deposits",
        label="Deposits",
        permission="payments.work_payment",
        icon="arrow-down-left",
        list_url="payments:deposit-list",
        url=lambda pk: f"/money/deposits/{pk}/decide/",
        due_minutes=240,
        order=30,
    )
)
WITHDRAWALS = register(
    Queue(
        code="withdrawals",
        label="Withdrawals",
        permission="payments.work_payment",
        icon="arrow-up-right",
        list_url="payments:withdrawal-list",
        url=lambda pk: f"/money/withdrawals/{pk}/decide/",
        due_minutes=240,
        due_minutes_urgent=60,
        order=20,
    )
)
NOTICES = register(
    Queue(
        code="notices",
        label="Gateway messages",
        permission="payments.work_payment",
        icon="webhook",
        list_url="payments:notice-list",
        url=lambda pk: f"/money/messages/{pk}/",
        due_minutes=24 * 60,
        order=35,
    )
)
CHARGEBACKS = register(
    Queue(
        code="chargebacks",
        label="Chargebacks",
        permission="payments.work_chargeback",
        icon="receipt-refund",
        list_url="payments:chargeback-list",
        url=lambda pk: f"/money/chargebacks/{pk}/",
        # The clock of one whose gateway sets no deadline.
        due_minutes=48 * 60,
        order=31,
    )
)
TRANSFERS = register(
    Queue(
        code="transfers",
        label="Transfers",
        permission="payments.work_payment",
        icon="arrows-exchange",
        list_url="payments:transfer-list",
        url=lambda pk: f"/money/transfers/{pk}/decide/",
        due_minutes=120,
        order=33,
    )
)
