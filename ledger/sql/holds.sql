-- Holds: money set aside, then settled (whole or in part, which releases the rest) or released.

CREATE FUNCTION ledger_hold_place(
    t bigint, k text, hash bytea, h uuid, h_kind text, h_ref text, expires timestamptz,
    actor text[], debit uuid, credit uuid, cur text, amt bigint
) RETURNS ledger_outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    at timestamptz;
    touched int;
    wall text;
    answer ledger_outcome;
BEGIN
    PERFORM ledger_enter(t);
    BEGIN
        INSERT INTO ledger_idempotency (tenant_id, key, request_hash, response_ref, created_at)
        VALUES (t, k, hash, h, clock_timestamp()) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RETURN ledger_replay(t, k, hash);
        END IF;
        PERFORM 1 FROM ledger_account WHERE tenant_id = t AND id IN (debit, credit)
        ORDER BY id FOR NO KEY UPDATE;
        UPDATE ledger_account
        SET pending_debits = pending_debits + CASE id WHEN debit THEN amt ELSE 0 END,
            pending_credits = pending_credits + CASE id WHEN credit THEN amt ELSE 0 END
        WHERE tenant_id = t AND id IN (debit, credit) AND NOT closed;
        GET DIAGNOSTICS touched = ROW_COUNT;
        IF touched <> 2 THEN
            RAISE EXCEPTION 'an account is missing or closed' USING ERRCODE = 'LG003';
        END IF;
        at := clock_timestamp();
        INSERT INTO ledger_hold
            (tenant_id, id, debit_account_id, credit_account_id, currency, amount, settled, state, kind,
             business_ref, actor_ref, actor_name, created_at, expires_at, resolved_by)
        VALUES (t, h, debit, credit, cur, amt, 0, 'held', h_kind, h_ref, actor[2], actor[3], at, expires, '');
    EXCEPTION
        WHEN check_violation OR foreign_key_violation OR SQLSTATE 'LG003' THEN
            GET STACKED DIAGNOSTICS wall = CONSTRAINT_NAME;
            answer := ledger_explain(SQLSTATE, wall, t, ARRAY[debit], ARRAY[credit], ARRAY[cur], ARRAY[amt]);
            IF answer.outcome IS NULL THEN
                RAISE;
            END IF;
            RETURN answer;
    END;
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
    wall text;
    answer ledger_outcome;
BEGIN
    PERFORM ledger_enter(t);
    BEGIN
        INSERT INTO ledger_idempotency (tenant_id, key, request_hash, response_ref, created_at)
        VALUES (t, k, hash, CASE WHEN amt > 0 THEN j ELSE h END, clock_timestamp()) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RETURN ledger_replay(t, k, hash);
        END IF;
        IF amt > 0 AND effective < ledger_closed_until(t) THEN
            RAISE EXCEPTION 'the day is closed' USING ERRCODE = 'LG007';
        END IF;
        UPDATE ledger_hold
        SET state = final, settled = amt, resolved_at = clock_timestamp(), resolved_by = actor[2],
            journal_id = CASE WHEN amt > 0 THEN j END
        WHERE tenant_id = t AND id = h AND state = 'held'
          AND CASE final WHEN 'settled' THEN expires_at IS NULL OR expires_at > moment
                         WHEN 'expired' THEN expires_at <= moment ELSE true END
        RETURNING * INTO held;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the hold is not open' USING ERRCODE = 'LG006';
        END IF;
        PERFORM 1 FROM ledger_account WHERE tenant_id = t AND id IN (held.debit_account_id, held.credit_account_id)
        ORDER BY id FOR NO KEY UPDATE;
        -- A closed account holds nothing, so an account with an open hold is open.
        UPDATE ledger_account
        SET pending_debits = pending_debits - held.amount, debits = debits + amt, version = version + (amt > 0)::int
        WHERE tenant_id = t AND id = held.debit_account_id
        RETURNING version, normal * (debits - credits) INTO d_version, d_balance;
        UPDATE ledger_account
        SET pending_credits = pending_credits - held.amount, credits = credits + amt, version = version + (amt > 0)::int
        WHERE tenant_id = t AND id = held.credit_account_id
        RETURNING version, normal * (debits - credits) INTO c_version, c_balance;
        at := clock_timestamp();
        IF amt > 0 THEN
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
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'LG006' THEN
            SELECT * INTO held FROM ledger_hold WHERE tenant_id = t AND id = h;
            RETURN ('not_open', held.id, held.resolved_at, NULL, NULL,
                    CASE WHEN held.state = 'held' AND final = 'settled' THEN 'expired' ELSE held.state END)::ledger_outcome;
        WHEN check_violation OR SQLSTATE 'LG007' THEN
            GET STACKED DIAGNOSTICS wall = CONSTRAINT_NAME;
            IF wall = 'ledger_hold_settled' THEN
                SELECT * INTO held FROM ledger_hold WHERE tenant_id = t AND id = h;
                RETURN ('too_much', h, NULL, held.debit_account_id, held.amount, NULL)::ledger_outcome;
            END IF;
            answer := ledger_explain(SQLSTATE, wall, t, ARRAY[held.debit_account_id], ARRAY[held.credit_account_id],
                                     ARRAY[held.currency::text], ARRAY[amt]);
            IF answer.outcome IS NULL THEN
                RAISE;
            END IF;
            RETURN answer;
    END;
    RETURN (CASE WHEN amt > 0 THEN 'posted' ELSE 'released' END, CASE WHEN amt > 0 THEN j ELSE h END,
            at, NULL, NULL, NULL)::ledger_outcome;
END $$;

REVOKE ALL ON FUNCTION ledger_hold_place, ledger_hold_resolve FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_hold_place, ledger_hold_resolve TO backoffice_app;
