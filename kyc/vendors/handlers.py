"""What is done at vendors after commits. No call is made inside a transaction."""

import logging
from uuid import UUID

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from kyc.models import VendorAccount, VendorCheck, VendorMessage
from kyc.states import VendorState
from kyc.vendors import services
from kyc.vendors.accounts import adapter_for, opened
from kyc.vendors.port import Account, MessageUnreadable, Result, VendorError
from kyc.vendors.setup import TEST_TOPIC, contact_noted

log = logging.getLogger(__name__)
ATTEMPTS_MAX = 8


def _subject(item: OutboxItem) -> UUID:
    assert item.subject_id is not None
    return item.subject_id


@outbox.handles(services.START_TOPIC, attempts_max=ATTEMPTS_MAX)
def identity_start(actor: Actor, item: OutboxItem) -> None:
    """Make the vendor's record and its link. Repeated with the same reference until it answers."""
    with tenant_scope(actor.tenant_id, actor):
        check = (
            VendorCheck.objects.filter(tenant_id=actor.tenant_id, pk=_subject(item))
            .select_related("account", "case__client")
            .get()
        )
        account, person = opened(check.account), services.person_of(check)
    if check.state != VendorState.STARTING:
        return
    try:
        started = adapter_for(check.account).start(account, person)
    except VendorError as error:
        _failed(actor, check.account, error)
        if not error.permanent and item.attempts < ATTEMPTS_MAX:
            raise
        with tenant_scope(actor.tenant_id, actor):
            services.identity_lost(actor=actor, check_id=check.pk, reason=str(error))
        return
    with tenant_scope(actor.tenant_id, actor):
        contact_noted(actor, check.account)
        services.identity_started(actor=actor, check_id=check.pk, started=started)


@outbox.handles(services.MESSAGE_TOPIC)
def message_read(actor: Actor, item: OutboxItem) -> None:
    """Read a stored message; where it names a check alone, ask the vendor what became of it."""
    with tenant_scope(actor.tenant_id, actor):
        message = VendorMessage.objects.select_related("account").get(
            tenant_id=actor.tenant_id, pk=_subject(item)
        )
        about = services.message_question(message)
        account = opened(message.account)
    told = _asked(actor, message.account, account, about) if about else None
    with tenant_scope(actor.tenant_id, actor):
        services.message_process(actor=actor, message_id=message.pk, told=told)


def _asked(actor: Actor, row: VendorAccount, account: Account, about: str) -> Result | str:
    try:
        return adapter_for(row).fetch(account, about)
    except MessageUnreadable as error:
        return str(error)
    except VendorError as error:
        _failed(actor, row, error)
        if not error.permanent:
            raise
        return f"The vendor was asked: {error}"


@outbox.handles(TEST_TOPIC, attempts_max=1)
def vendor_test(actor: Actor, item: OutboxItem) -> None:
    """Reach a vendor, for its light."""
    with tenant_scope(actor.tenant_id, actor):
        row = VendorAccount.objects.get(tenant_id=actor.tenant_id, pk=_subject(item))
        account = opened(row)
    error = ""
    try:
        adapter_for(row).ping(account)
    except VendorError as failure:
        error = str(failure)
    with tenant_scope(actor.tenant_id, actor):
        contact_noted(actor, row, error)


def _failed(actor: Actor, account: VendorAccount, error: VendorError) -> None:
    log.warning("vendor failed", extra={"vendor": str(account.pk), "error": str(error)})
    with tenant_scope(actor.tenant_id, actor):
        contact_noted(actor, account, str(error))
