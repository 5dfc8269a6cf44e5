"""Signing off one account for one day: what both sides said is frozen with the hashes of its
inputs. A later statement or posting does not change what was signed; it shows."""

from datetime import date

from django.db import connection, transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.portal.figures import day_text
from reconciliation import actions
from reconciliation.account_days import AccountDay, Place, account_day, signed
from reconciliation.models import SignOff

SIGN = "reconciliation.sign_account"
REASON_CHARS_MAX = 300


def why_not(row: AccountDay) -> str:
    """Why nobody can sign it; empty when someone can."""
    if now() < row.books.span[1]:
        return "The day is not over yet where the brokerage is."
    statement = row.found.statement if row.found else None
    if row.place.bank is not None and statement is not None and row.found is not None:
        return "" if row.found.adds_up else "Its statement does not add up."
    return ""


def needs_reason(row: AccountDay) -> str:
    """What a signature has to explain; empty when all agrees."""
    if row.place.bank is not None and (row.found is None or row.found.statement is None):
        return "No statement of the day is in."
    if row.unmatched:
        lines = "A line" if row.unmatched == 1 else f"{row.unmatched} lines"
        return f"{lines} of the statement can't be found in the books."
    if row.difference:
        return f"Statement and books differ by {row.difference}."
    return ""


def _lock(actor: Actor) -> None:
    """One signature of a brokerage at a time: of two at once, the second finds the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('sign-offs', %s))", [actor.tenant_id]
        )


@transaction.atomic
def account_sign(*, actor: Actor, place: Place, day: date, reason: str = "") -> SignOff:
    """Freeze both sides of an account on ``day``. Signing what stands as it was signed does
    nothing. Raises ``StateConflict`` for a day that can't be signed and ``InvalidInput`` when what
    does not agree is signed without a reason."""
    if not actor.can(SIGN):
        raise NotPermitted("Signing needs the right to sign accounts off.")
    _lock(actor)
    row = account_day(actor, place, day)
    refusal = why_not(row)
    if refusal:
        raise StateConflict(refusal)
    standing = signed(actor, day).get((place.code, place.currency))
    if standing is not None and not row.changed(standing):
        return standing
    clean, open_points = " ".join(reason.split())[:REASON_CHARS_MAX], needs_reason(row)
    if open_points and not clean:
        raise InvalidInput(f"{open_points} Write why that may be.", fields={"reason": "Say why."})
    made = SignOff.objects.create(
        tenant_id=actor.tenant_id,
        day=day,
        code=place.code,
        currency=place.currency,
        label=place.label[:80],
        opening=row.opening.amount if row.opening is not None else None,
        closing=row.closing.amount if row.closing is not None else None,
        ledger_opening=row.ledger_opening.amount,
        ledger_closing=row.ledger_closing.amount,
        lines=sum(row.counts.values()),
        matched=row.matched,
        unmatched=row.unmatched,
        booked=row.booked.count,
        breaks=[each.reference for each in row.breaks],
        statement_sha256=row.statement_sha256,
        ledger_sha256=row.ledger_sha256,
        reason=clean,
        replaces=standing,
        signed_by_ref=actor.ref,
        signed_by=actor.name,
    )
    data = {
        "day": day_text(day),
        "reason": clean,
        "statement_sha256": made.statement_sha256,
        "ledger_sha256": made.ledger_sha256,
    }
    audit(actor=actor, action=actions.ACCOUNT_SIGNED, subject=made, label=place.label, data=data)
    return made
