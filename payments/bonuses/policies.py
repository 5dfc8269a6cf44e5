"""Whether the house gives bonuses, and to whom it may not."""

from collections.abc import Sequence

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, InvalidInput, NotPermitted
from backoffice.tenancy.models import LegalEntity
from clients.models import Category, Client
from payments.bonuses import actions, bars
from payments.models import BonusPolicy

MANAGE = "payments.manage_bonuses"
REGULATORS_MAX = 20


class BonusBarred(DomainError):
    """The law or a setting of the house forbids it; the sentence names which."""

    code = "bonus-barred"


def policy(tenant_id: int) -> BonusPolicy:
    """The tenant's row, or the one that it begins with: bonuses are off."""
    found = BonusPolicy.objects.filter(tenant_id=tenant_id).first()
    return found or BonusPolicy(tenant_id=tenant_id)


def why_not(client: Client) -> str:
    """Why this client may not be given a bonus; empty when they may."""
    assert client.tenant_id is not None
    found = policy(client.tenant_id)
    entities = LegalEntity.objects.filter(tenant_id=client.tenant_id)
    if client.legal_entity_id is not None:
        entities = entities.filter(pk=client.legal_entity_id)
    barred = bars.why_barred(
        retail=client.category == Category.RETAIL,
        residence=client.residence,
        entities=[bars.Party(row.name, row.regulator, row.country) for row in entities],
        also=found.barred_regulators,
    )
    return barred or ("" if found.active else "Bonuses are switched off here.")


def check_not_barred(client: Client) -> None:
    """Raises ``BonusBarred``."""
    if why := why_not(client):
        raise BonusBarred(f"{why} Nothing was done.")


@transaction.atomic
def policy_set(*, actor: Actor, active: bool, barred_regulators: Sequence[str]) -> BonusPolicy:
    """Switch bonuses on or off, and name regulators beyond those that are known to bar them: what
    the product knows to be forbidden is not switched off here."""
    if not actor.can(MANAGE):
        raise NotPermitted
    names = list(dict.fromkeys(name.strip() for name in barred_regulators if name.strip()))
    if len(names) > REGULATORS_MAX or any(len(name) > 60 for name in names):
        raise InvalidInput(
            fields={"barred_regulators": f"At most {REGULATORS_MAX}, of 60 characters each."}
        )
    wanted = {"active": active, "barred_regulators": names}
    row, made = BonusPolicy.objects.select_for_update().get_or_create(
        tenant_id=actor.tenant_id, defaults=wanted
    )
    changed = [name for name, value in wanted.items() if made or getattr(row, name) != value]
    for name in changed:
        setattr(row, name, wanted[name])
    if changed:
        if not made:
            row.save()
        said = "; ".join(f"{name.replace('_', ' ')} {wanted[name]}" for name in changed)
        audit(
            actor=actor,
            action=actions.POLICY_SET,
            subject=row,
            label="Bonuses",
            data={"changes": said},
        )
    return row
