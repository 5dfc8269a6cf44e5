"""What a brokerage sets for itself: its brand, its entities, where its people may come from."""

import re
from collections.abc import Mapping, Sequence

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from backoffice.staff import actions
from backoffice.staff.models import AccessPolicy
from backoffice.staff.network import NamedRange, admitted, read_ranges
from backoffice.tenancy.models import Accent, LegalEntity, Tenant

LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}")


@transaction.atomic
def brand_set(*, actor: Actor, name: str, accent: str, entity: str) -> Tenant:
    """The name and colour that everybody sees, and the entity under the name."""
    tenant = Tenant.objects.select_for_update().get(pk=actor.tenant_id)
    clean = " ".join(name.split())
    if not clean:
        raise InvalidInput(fields={"name": "A brand needs a name."})
    if accent not in Accent.values:
        raise InvalidInput(fields={"accent": "Choose one of the colours."})
    if entity and not LegalEntity.objects.filter(tenant_id=tenant.pk, name=entity).exists():
        raise InvalidInput(fields={"entity": "Choose one of the brokerage's entities."})
    wanted = {"name": clean, "accent": accent, "entity": entity}
    changed = {key: value for key, value in wanted.items() if getattr(tenant, key) != value}
    if changed:
        for key, value in changed.items():
            setattr(tenant, key, value)
        tenant.save(update_fields=list(changed))
        audit(
            actor=actor,
            action=actions.BRAND_CHANGED,
            label=tenant.name,
            data={"changes": ", ".join(f"{key} {value}" for key, value in changed.items())},
        )
    return tenant


@transaction.atomic
def entity_save(
    *, actor: Actor, entity: LegalEntity | None, facts: Mapping[str, str]
) -> LegalEntity:
    """Set up or change a legal entity: ``name``, ``regulator``, ``licence``, ``lei``, ``country``.

    A new name goes under the brand as well, when the old one stood there.
    """
    clean = {key: " ".join(value.split()) for key, value in facts.items()}
    wrong = {key: "It is needed." for key in ("name", "regulator", "country") if not clean[key]}
    same = LegalEntity.objects.filter(tenant_id=actor.tenant_id, name=clean["name"])
    if entity is not None:
        same = same.exclude(pk=entity.pk)
    if same.exists():
        wrong["name"] = "There is an entity of this name."
    if clean["lei"] and not LEI.fullmatch(clean["lei"]):
        wrong["lei"] = "20 capital letters and digits, the last two digits (ISO 17442)."
    if wrong:
        raise InvalidInput(fields=wrong)
    row = entity or LegalEntity(tenant_id=actor.tenant_id)
    before = row.name
    for key, value in clean.items():
        setattr(row, key, value)
    row.save()
    audit(actor=actor, action=actions.ENTITY_SAVED, subject=row, label=row.name, data=clean)
    tenant = Tenant.objects.select_for_update().get(pk=actor.tenant_id)
    if before and tenant.entity == before != row.name:
        tenant.entity = row.name
        tenant.save(update_fields=["entity"])
    return row


def access_policy(actor: Actor) -> AccessPolicy:
    """The brokerage's row, made when it is first asked for."""
    return AccessPolicy.objects.get_or_create(tenant_id=actor.tenant_id)[0]


def networks_check(*, actor: Actor, text: str) -> list[NamedRange]:
    """The lines of ``text``. Raises ``InvalidInput`` for one that is no network, and when the list
    would shut out the actor, who could then not take it back."""
    found = read_ranges(text)
    if not admitted(actor.ip, [line.network for line in found]):
        raise InvalidInput(
            fields={
                "ranges": f"Your own address {actor.ip or '(unknown)'} is not in this list: you "
                "would lock yourself out. Add it, or a network that holds it."
            }
        )
    return found


@transaction.atomic
def networks_set(*, actor: Actor, lines: Sequence[str]) -> AccessPolicy:
    """Put a list in force, from everybody's next click on. Whoever does it has to be in it."""
    found = networks_check(actor=actor, text="\n".join(lines))
    policy = AccessPolicy.objects.select_for_update().get(pk=access_policy(actor).pk)
    policy.ranges = [str(line) for line in found]
    policy.save(update_fields=["ranges"])
    tenant = Tenant.objects.select_for_update().get(pk=actor.tenant_id)
    tenant.ip_allow_list = [line.network for line in found]
    tenant.save(update_fields=["ip_allow_list"])
    audit(
        actor=actor,
        action=actions.NETWORKS_CHANGED,
        subject=policy,
        label=tenant.name,
        data={"ranges": policy.ranges},
    )
    return policy
