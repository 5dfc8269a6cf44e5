-- Posting. Each function is one call from the application, checks the tenant it is given against
-- the tenant in scope, and answers with an outcome: a refusal by a rule of the business leaves
-- nothing behind but its reason, and the caller's transaction usable. Rules are looked at under the
-- locks, before the first write; the constraints of the tables stand behind them. There is no
-- exception block on the way of a single post: whoever waits for a row that a subtransaction wrote
-- sleeps a millisecond longer, and house accounts are waited for.
--
-- Locks, in one order for the whole system: key, hold, then accounts by id. The moment of booking
-- is taken when the accounts are locked, so it never runs backwards along an account's versions.

CREATE TYPE ledger_outcome AS (
    outcome text,     -- posted, held, released, replayed; else the reason of the refusal
    ref uuid,         -- the journal or the hold
    at timestamptz,   -- when it was booked
    account uuid,     -- which account refused
    available bigint, -- what that account could have given, minor units
    detail text
);

CREATE FUNCTION ledger_lock_key(t bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN (19525::bigint << 48) | t;

-- The tenant is in scope, and no day is being closed until this transaction ends.
CREATE FUNCTION ledger_enter(t bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF t IS DISTINCT FROM NULLIF(current_setting('app.tenant_id', true), '')::bigint THEN
        RAISE EXCEPTION 'tenant % is not in scope', t USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock_shared((19525::bigint << 48) | t);
END $$;

-- What a key stands for; no outcome when it was never used.
CREATE FUNCTION ledger_replay(t bigint, k text, hash bytea) RETURNS ledger_outcome
LANGUAGE plpgsql AS $$
DECLARE used ledger_idempotency;
BEGIN
    SELECT * INTO used FROM ledger_idempotency WHERE tenant_id = t AND key = k;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF used.request_hash <> hash THEN
        RETURN ('conflict', used.response_ref, used.created_at, NULL, NULL, k)::ledger_outcome;
    END IF;
    RETURN ('replayed', used.response_ref,
            coalesce((SELECT created_at FROM ledger_journal WHERE tenant_id = t AND id = used.response_ref),
                     used.created_at), NULL, NULL, NULL)::ledger_outcome;
END $$;

CREATE FUNCTION ledger_closed_until(t bigint) RETURNS timestamptz LANGUAGE sql STABLE
RETURN (SELECT ends_at FROM ledger_dayclose WHERE tenant_id = t ORDER BY ends_at DESC LIMIT 1);

-- Claims a key for ``ref``, unless the value date is in a closed day. No outcome means claimed.
CREATE FUNCTION ledger_claim(t bigint, k text, hash bytea, ref uuid, effective timestamptz) RETURNS ledger_outcome
LANGUAGE plpgsql AS $$
DECLARE answer ledger_outcome;
BEGIN
    INSERT INTO ledger_idempotency (tenant_id, key, request_hash, response_ref, created_at)
    SELECT t, k, hash, ref, clock_timestamp()
    WHERE NOT EXISTS (SELECT FROM ledger_dayclose WHERE tenant_id = t AND ends_at > effective)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    answer := ledger_replay(t, k, hash);
    IF answer.outcome IS NULL THEN
        RETURN ('period', NULL, ledger_closed_until(t), NULL, NULL, NULL)::ledger_outcome;
    END IF;
    RETURN answer;
END $$;

-- A refused request used no key: the same one may come again when there is money.
CREATE FUNCTION ledger_unclaim(t bigint, k text) RETURNS void LANGUAGE sql AS $$
    DELETE FROM ledger_idempotency WHERE tenant_id = t AND key = k
$$;

-- Which account refuses these lines: it does not exist, is closed, is in another currency, or would
-- be overdrawn. No outcome means none. Call it with the accounts locked.
CREATE FUNCTION ledger_refusal(t bigint, debit uuid[], credit uuid[], cur text[], amt bigint[])
RETURNS ledger_outcome LANGUAGE plpgsql AS $$
DECLARE answer ledger_outcome;
BEGIN
    SELECT CASE WHEN a.id IS NULL THEN 'missing' WHEN a.closed THEN 'closed'
                WHEN a.currency <> net.currency OR net.currencies > 1 THEN 'currency' ELSE 'insufficient' END,
           NULL, NULL, net.account,
           CASE WHEN a.normal = 1 THEN a.debits - a.credits - a.pending_credits
                ELSE a.credits - a.debits - a.pending_debits END, a.code
    INTO answer
    FROM (SELECT side.account, sum(side.change) AS change, min(side.currency) AS currency,
                 count(DISTINCT side.currency) AS currencies
          FROM (SELECT * FROM unnest(debit, cur, amt) AS d (account, currency, change)
                UNION ALL
                SELECT account, currency, -amount FROM unnest(credit, cur, amt) AS c (account, currency, amount)) side
          GROUP BY side.account) net
    LEFT JOIN ledger_account a ON a.tenant_id = t AND a.id = net.account
    WHERE a.id IS NULL OR a.closed OR a.currency <> net.currency OR net.currencies > 1
       OR (a.no_overdraft AND a.normal * net.change < 0 AND a.normal * (a.debits - a.credits + net.change)
           < CASE WHEN a.normal = 1 THEN a.pending_credits ELSE a.pending_debits END)
    ORDER BY a.id IS NULL DESC, a.closed DESC, net.account LIMIT 1;
    RETURN answer;
END $$;

-- Moves many lines at once: one update of each account, then the lines with the version and the
-- balance of both accounts after them. The caller has locked the accounts and looked at the rules.
CREATE FUNCTION ledger_move(
    t bigint, at timestamptz, journal uuid[], line_no int[], debit uuid[], credit uuid[],
    cur text[], amt bigint[], cod text[], effective timestamptz[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    many boolean := cardinality(amt) > 50;
    d_versions bigint[];
    c_versions bigint[];
    d_balances bigint[];
    c_balances bigint[];
BEGIN
    -- A handful of lines and a thousand want other plans. Only here: the checks of foreign keys
    -- below would be planned again for every line.
    IF many THEN
        PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    END IF;
    WITH side AS (
        SELECT n, true AS is_debit, account, amount AS change
        FROM unnest(debit, amt) WITH ORDINALITY AS d (account, amount, n)
        UNION ALL
        SELECT n, false, account, -amount
        FROM unnest(credit, amt) WITH ORDINALITY AS c (account, amount, n)
    ), net AS (
        SELECT account, count(*) AS steps,
               coalesce(sum(change) FILTER (WHERE is_debit), 0)::bigint AS debit,
               coalesce(-sum(change) FILTER (WHERE NOT is_debit), 0)::bigint AS credit
        FROM side GROUP BY account
    ), moved AS (
        UPDATE ledger_account a
        SET debits = a.debits + net.debit, credits = a.credits + net.credit,
            version = a.version + net.steps
        FROM net WHERE a.tenant_id = t AND a.id = net.account AND NOT a.closed
        RETURNING a.id, a.normal, a.version - net.steps AS version,
                  a.normal * (a.debits - net.debit - a.credits + net.credit) AS balance
    ), walked AS (
        SELECT side.n, side.is_debit, moved.version + row_number() OVER w AS version,
               moved.balance + moved.normal * sum(side.change) OVER w AS balance
        FROM side JOIN moved ON moved.id = side.account
        WINDOW w AS (PARTITION BY side.account ORDER BY side.n ROWS UNBOUNDED PRECEDING)
    )
    SELECT array_agg(version ORDER BY n) FILTER (WHERE is_debit),
           array_agg(version ORDER BY n) FILTER (WHERE NOT is_debit),
           array_agg(balance ORDER BY n) FILTER (WHERE is_debit),
           array_agg(balance ORDER BY n) FILTER (WHERE NOT is_debit)
    INTO d_versions, c_versions, d_balances, c_balances FROM walked;
    IF many THEN
        PERFORM set_config('plan_cache_mode', 'auto', true);
    END IF;
    IF cardinality(d_versions) IS DISTINCT FROM cardinality(amt)
       OR cardinality(c_versions) IS DISTINCT FROM cardinality(amt) THEN
        RAISE EXCEPTION 'an account is missing or closed' USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO ledger_transfer
        (tenant_id, journal_id, line, debit_account_id, credit_account_id, currency, amount, code,
         effective_at, created_at, debit_version, credit_version, debit_balance, credit_balance, ahead)
    SELECT t, l.journal, l.line_no, l.debit, l.credit, l.cur, l.amt, l.cod, l.effective, at,
           l.d_version, l.c_version, l.d_balance, l.c_balance, l.effective > at + interval '1 hour'
    FROM unnest(journal, line_no, debit, credit, cur, amt, cod, effective, d_versions, c_versions,
                d_balances, c_balances)
         AS l (journal, line_no, debit, credit, cur, amt, cod, effective, d_version, c_version,
               d_balance, c_balance);
END $$;

-- One journal. ``actor`` is kind, ref, name, approver's ref, ip, request id. With ``j_reverses``
-- the lines are those of that journal, turned round, whatever was given.
CREATE FUNCTION ledger_post(
    t bigint, k text, hash bytea, j uuid, j_kind text, j_ref text, effective timestamptz,
    j_meta jsonb, j_reverses uuid, actor text[],
    debit uuid[], credit uuid[], cur text[], amt bigint[], cod text[]
) RETURNS ledger_outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    d uuid := debit[1];
    c uuid := credit[1];
    a bigint := amt[1];
    d_version bigint;
    c_version bigint;
    d_balance bigint;
    c_balance bigint;
    at timestamptz;
    answer ledger_outcome;
BEGIN
    -- ledger_enter and ledger_claim, written out: this is the hottest path.
    IF t IS DISTINCT FROM NULLIF(current_setting('app.tenant_id', true), '')::bigint THEN
        RAISE EXCEPTION 'tenant % is not in scope', t USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT pg_try_advisory_xact_lock_shared((19525::bigint << 48) | t) THEN
        PERFORM pg_advisory_xact_lock_shared((19525::bigint << 48) | t);
    END IF;
    IF j_reverses IS NOT NULL THEN
        SELECT array_agg(x.credit_account_id ORDER BY x.line), array_agg(x.debit_account_id ORDER BY x.line),
               array_agg(x.currency ORDER BY x.line), array_agg(x.amount ORDER BY x.line),
               array_agg(x.code ORDER BY x.line)
        INTO debit, credit, cur, amt, cod
        FROM ledger_journal o JOIN ledger_transfer x
          ON x.tenant_id = t AND x.journal_id = o.id AND x.created_at = o.created_at
        WHERE o.tenant_id = t AND o.id = j_reverses;
    END IF;
    IF coalesce(cardinality(amt), 0) = 0 OR cardinality(debit) <> cardinality(amt)
       OR cardinality(credit) <> cardinality(amt) OR cardinality(cur) <> cardinality(amt)
       OR cardinality(cod) <> cardinality(amt) THEN
        RAISE EXCEPTION 'a journal needs lines' USING ERRCODE = 'invalid_parameter_value';
    END IF;

    INSERT INTO ledger_idempotency (tenant_id, key, request_hash, response_ref, created_at)
    SELECT t, k, hash, j, clock_timestamp()
    WHERE NOT EXISTS (SELECT FROM ledger_dayclose WHERE tenant_id = t AND ends_at > effective)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN ledger_claim(t, k, hash, j, effective);
    END IF;

    IF cardinality(amt) = 1 AND j_reverses IS NULL THEN
        -- The common case without the machinery: the update is the lock, and asks the rules.
        IF d > c THEN
            UPDATE ledger_account SET credits = credits + a, version = version + 1
            WHERE tenant_id = t AND id = c AND NOT closed AND currency = cur[1]
              AND (normal = -1 OR NOT no_overdraft OR debits - credits - a >= pending_credits)
            RETURNING version, normal * (debits - credits) INTO c_version, c_balance;
        END IF;
        UPDATE ledger_account SET debits = debits + a, version = version + 1
        WHERE tenant_id = t AND id = d AND NOT closed AND currency = cur[1]
          AND (normal = 1 OR NOT no_overdraft OR credits - debits - a >= pending_debits)
        RETURNING version, normal * (debits - credits) INTO d_version, d_balance;
        IF d < c THEN
            UPDATE ledger_account SET credits = credits + a, version = version + 1
            WHERE tenant_id = t AND id = c AND NOT closed AND currency = cur[1]
              AND (normal = -1 OR NOT no_overdraft OR debits - credits - a >= pending_credits)
            RETURNING version, normal * (debits - credits) INTO c_version, c_balance;
        END IF;
        IF d_version IS NOT NULL AND c_version IS NOT NULL THEN
            at := clock_timestamp();
            INSERT INTO ledger_journal
                (tenant_id, id, kind, business_ref, meta, actor_kind, actor_ref, actor_name,
                 approved_by, ip, request_id, effective_at, created_at)
            VALUES (t, j, j_kind, j_ref, j_meta, actor[1], actor[2], actor[3],
                    actor[4], actor[5], actor[6], effective, at);
            INSERT INTO ledger_transfer
                (tenant_id, journal_id, line, debit_account_id, credit_account_id, currency, amount,
                 code, effective_at, created_at, debit_version, credit_version, debit_balance,
                 credit_balance, ahead)
            VALUES (t, j, 1, d, c, cur[1], a, cod[1], effective, at, d_version, c_version,
                    d_balance, c_balance, effective > at + interval '1 hour');
            RETURN ('posted', j, at, NULL, NULL, NULL)::ledger_outcome;
        END IF;
        -- One side refuses: put the other back, and let the way below find out why.
        IF d_version IS NOT NULL THEN
            UPDATE ledger_account SET debits = debits - a, version = version - 1 WHERE tenant_id = t AND id = d;
        ELSIF c_version IS NOT NULL THEN
            UPDATE ledger_account SET credits = credits - a, version = version - 1 WHERE tenant_id = t AND id = c;
        END IF;
    END IF;

    PERFORM 1 FROM ledger_account WHERE tenant_id = t AND id = ANY (debit || credit)
    ORDER BY id FOR NO KEY UPDATE;
    -- Two reversals of one journal meet at its accounts, so the second one sees the first.
    IF j_reverses IS NOT NULL AND EXISTS (
        SELECT FROM ledger_journal WHERE tenant_id = t AND reverses_id = j_reverses) THEN
        answer.outcome := 'reversed';
    ELSE
        answer := ledger_refusal(t, debit, credit, cur, amt);
    END IF;
    IF answer.outcome IS NOT NULL THEN
        PERFORM ledger_unclaim(t, k);
        RETURN answer;
    END IF;
    at := clock_timestamp();
    INSERT INTO ledger_journal
        (tenant_id, id, kind, business_ref, reverses_id, meta, actor_kind, actor_ref, actor_name,
         approved_by, ip, request_id, effective_at, created_at)
    VALUES (t, j, j_kind, j_ref, j_reverses, j_meta, actor[1], actor[2], actor[3],
            actor[4], actor[5], actor[6], effective, at);
    PERFORM ledger_move(t, at, array_fill(j, ARRAY[cardinality(amt)]),
        (SELECT array_agg(n) FROM generate_series(1, cardinality(amt)) n),
        debit, credit, cur, amt, cod, array_fill(effective, ARRAY[cardinality(amt)]));
    RETURN ('posted', j, at, NULL, NULL, NULL)::ledger_outcome;
END $$;

REVOKE ALL ON FUNCTION ledger_enter, ledger_replay, ledger_claim, ledger_unclaim, ledger_refusal,
    ledger_move, ledger_post FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_post TO backoffice_app;
