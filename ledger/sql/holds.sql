-- Holds: money set aside, then settled (whole or in part, which releases the rest) or released.

CREATE FUNCTION ledger_hold_place(
    t bigint, k text, hash bytea, h uuid, h_kind text, h_ref text, expires timestamptz,
    actor text[], debit uuid, credit uuid, cur text, amt bigint
) RETURNS ledger_outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    at timestamptz;
    answer ledger_outcome;
BEGIN
    PERFORM ledger_enter(t);
    answer := ledger_claim(t, k, hash, h, 'infinity');
    IF answer.outcome IS NOT NULL THEN
        RETURN answer;
    END IF;
    PERFORM 1 FROM ledger_account WHERE tenant_id = t AND id IN (debit, credit)
    ORDER BY id FOR NO KEY UPDATE;
    answer := ledger_refusal(t, ARRAY[debit], ARRAY[credit], ARRAY[cur], ARRAY[amt]);
    IF answer.outcome IS NOT NULL THEN
        PERFORM ledger_unclaim(t, k);
        RETURN answer;
    END IF;
    UPDATE ledger_account
    SET pending_debits = pending_debits + CASE id WHEN debit THEN amt ELSE 0 END,
        pending_credits = pending_credits + CASE id WHEN credit THEN amt ELSE 0 END
    WHERE tenant_id = t AND id IN (debit, credit);
    at := clock_timestamp();
    INSERT INTO ledger_hold
        (tenant_id, id, debit_account_id, credit_account_id, currency, amount, settled, state, kind,
         business_ref, actor_ref, actor_name, created_at, expires_at, resolved_by)
    VALUES (t, h, debit, credit, cur, amt, 0, 'held', h_kind, h_ref, actor[2], actor[3], at, expires, '');
    RETURN ('held', h, at, NULL, NULL, NULL)::ledger_outcome;
END $$;

-- Ends a hold: ``amt`` > 0 settles that much through journal ``j`` and releases the rest; 0 releases
-- all of it as ``final`` (voided or expired). ``moment`` is the application's present: a hold that
-- is past its expiry can't be settled, one that is not can't expire.
CREATE FUNCTION ledger_hold_resolve(
    t bigint, k text, hash bytea, h uuid, amt bigint, final text, moment timestamptz,
    j uuid, effective timestamptz, cod text, j_meta jsonb, actor text[]
) RETURNS ledger_outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    held ledger_hold;
    d_version bigint;
    c_version bigint;
    d_balance bigint;
    c_balance bigint;
    at timestamptz;
    answer ledger_outcome;
BEGIN
    PERFORM ledger_enter(t);
    answer := ledger_claim(t, k, hash, CASE WHEN amt > 0 THEN j ELSE h END,
                           CASE WHEN amt > 0 THEN effective ELSE 'infinity' END);
    IF answer.outcome IS NOT NULL THEN
        RETURN answer;
    END IF;
    SELECT * INTO held FROM ledger_hold WHERE tenant_id = t AND id = h FOR NO KEY UPDATE;
    IF held.state IS DISTINCT FROM 'held' OR (final = 'expired' AND coalesce(held.expires_at, 'infinity') > moment) THEN
        answer := ('not_open', held.id, held.resolved_at, NULL, NULL, held.state)::ledger_outcome;
    ELSIF final = 'settled' AND held.expires_at <= moment THEN
        answer := ('not_open', h, held.expires_at, NULL, NULL, 'expired')::ledger_outcome;
    ELSIF amt > held.amount THEN
        answer := ('too_much', h, NULL, held.debit_account_id, held.amount, NULL)::ledger_outcome;
    END IF;
    IF answer.outcome IS NOT NULL THEN
        PERFORM ledger_unclaim(t, k);
        RETURN answer;
    END IF;
    PERFORM 1 FROM ledger_account WHERE tenant_id = t AND id IN (held.debit_account_id, held.credit_account_id)
    ORDER BY id FOR NO KEY UPDATE;
    -- A closed account holds nothing, so an account with an open hold is open; and less leaves the
    -- account than was set aside, so nothing can be overdrawn.
    UPDATE ledger_account
    SET pending_debits = pending_debits - held.amount, debits = debits + amt, version = version + (amt > 0)::int
    WHERE tenant_id = t AND id = held.debit_account_id
    RETURNING version, normal * (debits - credits) INTO d_version, d_balance;
    UPDATE ledger_account
    SET pending_credits = pending_credits - held.amount, credits = credits + amt, version = version + (amt > 0)::int
    WHERE tenant_id = t AND id = held.credit_account_id
    RETURNING version, normal * (debits - credits) INTO c_version, c_balance;
    at := clock_timestamp();
    UPDATE ledger_hold
    SET state = final, settled = amt, resolved_at = at, resolved_by = actor[2], journal_id = CASE WHEN amt > 0 THEN j END
    WHERE tenant_id = t AND id = h;
    IF amt = 0 THEN
        RETURN ('released', h, at, NULL, NULL, NULL)::ledger_outcome;
    END IF;
    INSERT INTO ledger_journal
        (tenant_id, id, kind, business_ref, meta, actor_kind, actor_ref, actor_name,
         approved_by, ip, request_id, effective_at, created_at)
    VALUES (t, j, held.kind, held.business_ref, j_meta, actor[1], actor[2], actor[3],
            actor[4], actor[5], actor[6], effective, at);
    INSERT INTO ledger_transfer
        (tenant_id, journal_id, line, debit_account_id, credit_account_id, currency, amount, code, hold_id,
         effective_at, created_at, debit_version, credit_version, debit_balance, credit_balance, ahead)
    VALUES (t, j, 1, held.debit_account_id, held.credit_account_id, held.currency, amt, cod, h,
            effective, at, d_version, c_version, d_balance, c_balance, effective > at + interval '1 hour');
    RETURN ('posted', j, at, NULL, NULL, NULL)::ledger_outcome;
END $$;

REVOKE ALL ON FUNCTION ledger_hold_place, ledger_hold_resolve FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_hold_place, ledger_hold_resolve TO backoffice_app;
