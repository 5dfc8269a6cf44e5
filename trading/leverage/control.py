"""The nightly control: no live account is above the cap of its client, or it stands on a list."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from trading import actions
from trading.leverage.caps import Cap, caps_for
from trading.leverage.models import LeverageBreach, LeverageControl
from trading.leverage.versions import CONTROL
from trading.models import Account
from trading.states import AccountState

CHUNK = 2_000
FIRST_ID = UUID(int=0)
# An account in these states trades no more.
ENDED = (AccountState.ARCHIVED, AccountState.REFUSED)


def control_run(actor: Actor) -> LeverageControl:
    """Look at every live account. Opens its own scopes, a chunk each: what was found before a
    failure stays found, and a run is written down only when it is whole."""
    seen = above = 0
    after = FIRST_ID
    while True:
        with tenant_scope(actor.tenant_id, actor):
            chunk = _some_after(actor, after)
            if not chunk:
                return _written(actor, seen, above)
            seen += len(chunk)
            above += _judge(actor, chunk)
            after = chunk[-1].pk


def _some_after(actor: Actor, after: UUID) -> list[Account]:
    rows = Account.objects.filter(
        tenant_id=actor.tenant_id, live=True, gone_at__isnull=True, pk__gt=after
    ).exclude(state__in=ENDED)
    own = ("leverage", "live", "client__residence", "client__category")
    return list(rows.select_related("client").only(*own).order_by("pk")[:CHUNK])


@transaction.atomic
def _judge(actor: Actor, chunk: Sequence[Account]) -> int:
    """Write down who of a chunk is above, and who is not any more; how many are."""
    known = {
        row.client.pk: (row.client.residence, row.client.category) for row in chunk if row.client
    }
    caps, nobody = caps_for(known), caps_for({FIRST_ID: ("", "")})[FIRST_ID]
    over = {
        row.pk: (row, cap)
        for row in chunk
        if row.leverage > (cap := caps.get(row.client_id, nobody)).most  # type: ignore[arg-type]
    }
    open_rows = LeverageBreach.objects.select_for_update().filter(
        tenant_id=actor.tenant_id, account__in=[row.pk for row in chunk], ended_at__isnull=True
    )
    standing = {row.account_id: row for row in open_rows}
    for pk, breach in standing.items():
        if pk not in over:
            breach.ended_at = now()
            breach.save(update_fields=["ended_at"])
    for pk, (row, cap) in over.items():
        _found(actor, row, cap, standing.get(pk))
    return len(over)


def _found(actor: Actor, account: Account, cap: Cap, breach: LeverageBreach | None) -> None:
    said = {"leverage": account.leverage, "cap": cap.most, "why": cap.why[:200]}
    if breach is None:
        LeverageBreach.objects.create(tenant_id=actor.tenant_id, account=account, **said)
        data = {"leverage": account.leverage, "cap": cap.most}
        audit(actor=actor, action=actions.LEVERAGE_ABOVE, subject=account, data=data)
    elif (breach.leverage, breach.cap, breach.why) != tuple(said.values()):
        LeverageBreach.objects.filter(tenant_id=actor.tenant_id, pk=breach.pk).update(**said)


def _written(actor: Actor, seen: int, above: int) -> LeverageControl:
    return LeverageControl.objects.create(
        tenant_id=actor.tenant_id, accounts=seen, above=above, by=actor.name
    )


def breaches(actor: Actor) -> Iterator[LeverageBreach]:
    """Those that stand, of clients of the actor's desks, the newest first."""
    rows = LeverageBreach.objects.filter(tenant_id=actor.tenant_id, ended_at__isnull=True)
    if actor.desks is not None:
        rows = rows.filter(account__client__desk_id__in=actor.desks)
    related = ("account__client", "account__server", "account__group")
    return iter(rows.select_related(*related).order_by("-id")[:500])


def last_control(actor: Actor) -> LeverageControl | None:
    return LeverageControl.objects.filter(tenant_id=actor.tenant_id).order_by("-id").first()


@outbox.handles(CONTROL, slow=True)
def _asked(actor: Actor, item: OutboxItem) -> None:
    """Another table is in force, or somebody wants to know now."""
    control_run(actor)
