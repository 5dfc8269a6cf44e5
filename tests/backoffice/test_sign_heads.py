"""Signed heads: what the owner of the database rewrites, cuts off or removes is found."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from backoffice.audit import selectors, signing
from backoffice.audit.actions import Action
from backoffice.audit.models import AuditHeadSignature
from backoffice.audit.services import audit, seal
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.tenancy.tasks import audit_sign_all
from tests.world import World

TESTED = Action("tests.signed", "tested {subject}")
KEY = base64.b64encode(b"k" * 32).decode()
CHECKER = Path(__file__).parents[2] / "tools" / "check_heads.py"
# All of a chain anew, hashes and head, as the owner of the database can.
REHASH = """
DO $$
DECLARE
    link record;
    before bytea;
BEGIN
    FOR link IN SELECT * FROM audit_auditseal WHERE tenant_id = {tenant} ORDER BY seq LOOP
        before := coalesce(before, audit_genesis({tenant}));
        UPDATE audit_auditseal s
        SET prev = before, hash = sha256(before || audit_canonical(e, s.seq))
        FROM audit_auditentry e
        WHERE s.tenant_id = {tenant} AND s.seq = link.seq AND e.tenant_id = {tenant}
          AND e.id = s.entry_id RETURNING s.hash INTO before;
    END LOOP;
    UPDATE audit_audithead SET hash = before WHERE tenant_id = {tenant};
END $$
"""
# The newest links, their entries and payloads away, and the head set back.
CUT = """
DO $$
DECLARE keep bigint := (SELECT max(seq) - {links} FROM audit_auditseal WHERE tenant_id = {tenant});
BEGIN
    DELETE FROM audit_auditpayload p USING audit_auditseal s WHERE s.tenant_id = {tenant}
      AND p.tenant_id = {tenant} AND p.entry_id = s.entry_id AND s.seq > keep;
    DELETE FROM audit_auditentry e USING audit_auditseal s WHERE s.tenant_id = {tenant}
      AND e.tenant_id = {tenant} AND e.id = s.entry_id AND s.seq > keep;
    DELETE FROM audit_auditseal WHERE tenant_id = {tenant} AND seq > keep;
    UPDATE audit_audithead h SET seq = s.seq, hash = s.hash FROM audit_auditseal s
    WHERE h.tenant_id = {tenant} AND s.tenant_id = {tenant} AND s.seq = keep;
END $$
"""


@pytest.fixture(autouse=True)
def _key(settings: Any) -> None:
    settings.AUDIT_SIGNING_KEY = KEY
    settings.AUDIT_RETIRED_KEYS = []


@pytest.fixture
def adam(world: World) -> Iterator[Actor]:
    """In scope, with three signed heads five entries apart, and two links after the last."""
    adam = world.actor("adam")
    with tenant_scope(world.aurora.pk, adam):
        for _ in range(3):
            _entries(adam, 5)
            assert signing.head_sign(actor=adam) is not None
        _entries(adam, 2)
        yield adam


def _entries(actor: Actor, count: int) -> None:
    for number in range(count):
        audit(actor=actor, action=TESTED, label=f"thing {number}", data={"number": number})
    seal(actor=actor)


def _as_owner(sql: str, tenant: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql.replace("{tenant}", str(tenant)))
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("SET ROLE backoffice_app")


def _faults(actor: Actor) -> set[str]:
    return {fault for _, fault in selectors.verify(actor.tenant_id).faults}


def test_signed_heads_prove_an_intact_chain_up_to_the_newest(adam: Actor) -> None:
    found = selectors.verify(adam.tenant_id)
    assert (found.intact, found.signed.heads) == (True, 3)
    assert (found.signed.covered_seq, found.uncovered) == (found.last_seq - 2, 2)


def test_a_head_is_signed_once_and_a_quiet_hour_signs_nothing(adam: Actor) -> None:
    assert signing.head_sign(actor=adam) is not None
    assert signing.head_sign(actor=adam) is None
    assert selectors.verify(adam.tenant_id).uncovered == 0


def test_a_tail_rewritten_with_all_hashes_made_anew_is_found(adam: Actor) -> None:
    forged = "UPDATE audit_auditentry SET actor_name = 'nobody' WHERE id = (SELECT entry_id FROM"
    forged += " audit_auditseal WHERE tenant_id = {tenant} ORDER BY seq DESC OFFSET 4 LIMIT 1)"
    _as_owner(forged, adam.tenant_id)
    _as_owner(REHASH, adam.tenant_id)
    assert _faults(adam) == {"the chain was rewritten: signed head 3 is another hash"}


def test_hashes_alone_would_not_have_found_it(adam: Actor) -> None:
    _as_owner("DELETE FROM audit_auditheadsignature WHERE tenant_id = {tenant}", adam.tenant_id)
    _as_owner(REHASH, adam.tenant_id)
    assert _faults(adam) == set()


def test_a_truncated_chain_is_found(adam: Actor) -> None:
    _as_owner(CUT.replace("{links}", "4"), adam.tenant_id)
    assert _faults(adam) == {"the chain is cut: signed head 3 is not in it"}


def test_links_cut_off_with_their_entries_left_are_found(adam: Actor) -> None:
    _as_owner(
        "DELETE FROM audit_auditseal WHERE tenant_id = {tenant} AND seq ="
        " (SELECT max(seq) FROM audit_auditseal WHERE tenant_id = {tenant})",
        adam.tenant_id,
    )
    _as_owner(
        "UPDATE audit_audithead h SET seq = s.seq, hash = s.hash FROM audit_auditseal s"
        " WHERE h.tenant_id = {tenant} AND s.tenant_id = {tenant} AND s.seq = h.seq - 1",
        adam.tenant_id,
    )
    assert _faults(adam) == {"1 entries are in no link"}


def test_the_head_of_the_chain_removed_is_found(adam: Actor) -> None:
    _as_owner("DELETE FROM audit_audithead WHERE tenant_id = {tenant}", adam.tenant_id)
    assert "the head was removed" in _faults(adam)


@pytest.mark.parametrize("number", [1, 2])
def test_a_signed_head_removed_from_among_them_is_found(adam: Actor, number: int) -> None:
    _as_owner(
        f"DELETE FROM audit_auditheadsignature WHERE tenant_id = {{tenant}} AND number = {number}",
        adam.tenant_id,
    )
    assert _faults(adam) == {f"signed head {number} was removed"}


def test_a_newest_signed_head_removed_is_found_by_a_file_kept_elsewhere(
    adam: Actor, world: World, tmp_path: Path
) -> None:
    kept = tmp_path / "heads.json"
    kept.write_text(json.dumps(signing.export(adam.tenant_id, "Aurora")))
    options: dict[str, Any] = {"tenant": world.aurora.slug, "heads": kept, "stdout": StringIO()}
    call_command("audit_verify", **options)
    _as_owner(
        "DELETE FROM audit_auditheadsignature WHERE tenant_id = {tenant} AND number = 3",
        adam.tenant_id,
    )
    assert _faults(adam) == set()
    with pytest.raises(CommandError, match="Broken: aurora"):
        call_command("audit_verify", **options)
    found = options["stdout"].getvalue()
    assert "signed head 3 of the file was removed" in found


def test_a_signature_of_another_key_is_not_believed_until_its_key_is_retired(
    adam: Actor, settings: Any
) -> None:
    old = signing.signing_key().public_key()
    settings.AUDIT_SIGNING_KEY = base64.b64encode(b"n" * 32).decode()
    assert _faults(adam) == {f"signed head {n} has a key unknown here" for n in (1, 2, 3)}
    settings.AUDIT_RETIRED_KEYS = [base64.b64encode(signing.raw(old)).decode()]
    assert signing.head_sign(actor=adam) is not None
    assert _faults(adam) == set()


def test_a_forged_signature_is_found(adam: Actor) -> None:
    _as_owner(
        "UPDATE audit_auditheadsignature SET signed_at = signed_at + interval '1 hour'"
        " WHERE tenant_id = {tenant} AND number = 3",
        adam.tenant_id,
    )
    assert _faults(adam) == {"signed head 3 does not bear its signature"}


@pytest.mark.parametrize(
    "sql",
    ["UPDATE audit_auditheadsignature SET seq = 1", "DELETE FROM audit_auditheadsignature"],
)
def test_the_runtime_role_removes_and_changes_no_signed_head(adam: Actor, sql: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(sql)


def test_every_hour_each_brokerage_s_head_is_signed(world: World) -> None:
    for name in ("adam", "zoe"):
        actor = world.actor(name)
        with tenant_scope(actor.tenant_id, actor):
            audit(actor=actor, action=TESTED)
    assert audit_sign_all() == 2
    assert audit_sign_all() == 0
    for name in ("adam", "zoe"):
        actor = world.actor(name)
        with tenant_scope(actor.tenant_id, actor):
            row = AuditHeadSignature.objects.get(tenant_id=actor.tenant_id)
            assert row.seq == selectors.head(actor.tenant_id)[0]


# Outside


def _checked(*files: Path) -> tuple[int, str]:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, CHECKER, *files], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout


def test_an_outsider_checks_the_file_alone(adam: Actor, tmp_path: Path) -> None:
    first, second, forged = (tmp_path / name for name in ("a.json", "b.json", "c.json"))
    first.write_text(json.dumps(signing.export(adam.tenant_id, "Aurora")))
    signing.head_sign(actor=adam)
    file = signing.export(adam.tenant_id, "Aurora")
    second.write_text(json.dumps(file))
    code, said = _checked(second, first)
    assert (code, said.splitlines()[0]) == (0, "Aurora: 4 signed heads, 0 faults")
    code, said = _checked(first, second)
    assert code == 1
    assert "head 4 of the file of" in said
    file["heads"][1]["head"] = "0" * 64
    forged.write_text(json.dumps(file))
    code, said = _checked(forged)
    assert (code, said.splitlines()[0]) == (1, "FAULT: head 2 does not bear its signature")


def test_the_audit_page_says_what_is_covered_and_gives_the_file(world: World, browse: Any) -> None:
    adam = world.actor("adam")
    with tenant_scope(world.aurora.pk, adam):
        _entries(adam, 3)
        signing.head_sign(actor=adam)
    his = browse("adam")
    page = his.post(reverse("portal:trail-verify")).content.decode()
    assert "Intact" in page
    assert "Proven by signatures" in page
    answer = his.post(reverse("portal:trail-heads"))
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-heads-aurora-')
    assert len(json.loads(answer.content)["heads"]) == 1
    assert browse("sam").post(reverse("portal:trail-heads")).status_code == 403
