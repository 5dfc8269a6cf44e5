-- Many journals in one call, set-based. A journal that a rule refuses is refused alone: refusals
-- that one look can see are set aside first, then the rest is posted as a whole, and while an
-- overdraft refuses the whole, it is halved.
--
-- Arrays run along the journals (``k`` to ``j_meta``) and along the lines (``line_of`` to ``cod``);
-- ``line_of`` is the 1-based place of the line's journal, ascending. One answer per journal, in order.
CREATE FUNCTION ledger_post_batch(
    t bigint, k text[], hash bytea[], j uuid[], j_kind text[], j_ref text[],
    effective timestamptz[], j_meta jsonb[], actor text[],
    line_of int[], debit uuid[], credit uuid[], cur text[], amt bigint[], cod text[]
) RETURNS TABLE (n int, answer ledger_outcome)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    todo int[];
    chunk int[];
    lows int[];
    highs int[];
    low int;
    high int;
    place int;
    refused int[] := '{}';
    refusals ledger_outcome[] := '{}';
    posted_at timestamptz[] := array_fill(NULL::timestamptz, ARRAY[cardinality(k)]);
    closed_until timestamptz;
    at timestamptz;
    wall text;
    reason ledger_outcome;
    js uuid[];
    numbers int[];
    ds uuid[];
    cs uuid[];
    curs text[];
    amts bigint[];
    cods text[];
    effectives timestamptz[];
BEGIN
    PERFORM ledger_enter(t);
    IF (SELECT count(DISTINCT x) FROM unnest(line_of) x WHERE x BETWEEN 1 AND cardinality(k)) <> cardinality(k)
       OR cardinality(j) <> cardinality(k) OR cardinality(amt) <> cardinality(line_of) THEN
        RAISE EXCEPTION 'a journal needs lines' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    WITH claim AS (
        INSERT INTO ledger_idempotency (tenant_id, key, request_hash, response_ref, created_at)
        SELECT t, x.k, x.hash, x.j, clock_timestamp() FROM unnest(k, hash, j) AS x (k, hash, j)
        ORDER BY x.k ON CONFLICT DO NOTHING RETURNING response_ref
    )
    SELECT array_agg(x.n ORDER BY x.n) INTO todo
    FROM unnest(j) WITH ORDINALITY AS x (j, n) JOIN claim ON claim.response_ref = x.j;
    todo := coalesce(todo, '{}');

    closed_until := ledger_closed_until(t);

    -- Lock every account in order; with the same look, set aside what it can see: a closed day, a
    -- missing or closed account, another currency.
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    WITH locked AS (
        SELECT id, closed, currency, code FROM ledger_account
        WHERE tenant_id = t AND id = ANY (debit || credit) ORDER BY id FOR NO KEY UPDATE
    ), bad AS (
        SELECT DISTINCT ON (x.n) x.n, (x.why, NULL, CASE x.why WHEN 'period' THEN closed_until END,
                                      x.account, NULL, x.code)::ledger_outcome AS why
        FROM (
            SELECT e.n::int AS n, 'period' AS why, NULL::uuid AS account, NULL::text AS code
            FROM unnest(effective) WITH ORDINALITY AS e (effective, n) WHERE e.effective < closed_until
            UNION ALL
            SELECT side.n, CASE WHEN a.id IS NULL THEN 'missing' WHEN a.closed THEN 'closed' ELSE 'currency' END,
                   side.account, a.code
            FROM (SELECT * FROM unnest(line_of, debit, cur) UNION ALL SELECT * FROM unnest(line_of, credit, cur))
                 AS side (n, account, currency)
            LEFT JOIN locked a ON a.id = side.account
            WHERE a.id IS NULL OR a.closed OR a.currency <> side.currency
        ) x WHERE x.n = ANY (todo) ORDER BY x.n, x.account
    )
    SELECT array_agg(bad.n), array_agg(bad.why) INTO refused, refusals FROM bad;
    PERFORM set_config('plan_cache_mode', 'auto', true);
    refused := coalesce(refused, '{}');
    refusals := coalesce(refusals, '{}');
    IF cardinality(refused) > 0 THEN
        SELECT coalesce(array_agg(x ORDER BY x), '{}') INTO todo FROM unnest(todo) x WHERE x <> ALL (refused);
    END IF;

    lows := ARRAY[1];
    highs := ARRAY[cardinality(todo)];
    WHILE cardinality(lows) > 0 LOOP
        low := lows[cardinality(lows)];
        high := highs[cardinality(highs)];
        lows := trim_array(lows, 1);
        highs := trim_array(highs, 1);
        CONTINUE WHEN low > high;
        chunk := todo[low:high];
        BEGIN
            at := clock_timestamp();
            -- A part of ten lines and one of a thousand want other plans, as in ledger_move.
            PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
            INSERT INTO ledger_journal
                (tenant_id, id, kind, business_ref, meta, actor_kind, actor_ref, actor_name,
                 approved_by, ip, request_id, effective_at, created_at)
            SELECT t, x.j, x.kind, x.ref, x.meta, actor[1], actor[2], actor[3], actor[4], actor[5], actor[6],
                   x.effective, at
            FROM unnest(j, j_kind, j_ref, j_meta, effective) WITH ORDINALITY
                 AS x (j, kind, ref, meta, effective, n)
            JOIN unnest(chunk) AS part (n) ON part.n = x.n ORDER BY x.n;
            SELECT array_agg(x.j ORDER BY y.i), array_agg(y.line_no ORDER BY y.i),
                   array_agg(y.d ORDER BY y.i), array_agg(y.c ORDER BY y.i),
                   array_agg(y.cur ORDER BY y.i), array_agg(y.amt ORDER BY y.i),
                   array_agg(y.cod ORDER BY y.i), array_agg(x.effective ORDER BY y.i)
            INTO js, numbers, ds, cs, curs, amts, cods, effectives
            FROM (SELECT z.*, row_number() OVER (PARTITION BY z.n ORDER BY z.i)::int AS line_no
                  FROM unnest(line_of, debit, credit, cur, amt, cod) WITH ORDINALITY
                       AS z (n, d, c, cur, amt, cod, i)
                  JOIN unnest(chunk) AS part (n) ON part.n = z.n) y
            JOIN unnest(j, effective) WITH ORDINALITY AS x (j, effective, n) ON x.n = y.n;
            PERFORM set_config('plan_cache_mode', 'auto', true);
            PERFORM ledger_move(t, at, js, numbers, ds, cs, curs, amts, cods, effectives);
            FOREACH place IN ARRAY chunk LOOP
                posted_at[place] := at;
            END LOOP;
        EXCEPTION
            WHEN check_violation THEN
                GET STACKED DIAGNOSTICS wall = CONSTRAINT_NAME;
                IF wall <> 'ledger_account_no_overdraft' THEN
                    RAISE;
                END IF;
                IF low < high THEN
                    lows := lows || ((low + high) / 2 + 1) || low;
                    highs := highs || high || ((low + high) / 2);
                ELSE
                    SELECT * INTO reason FROM ledger_refusal(t,
                        (SELECT array_agg(x.d) FROM unnest(line_of, debit) AS x (n, d) WHERE x.n = chunk[1]),
                        (SELECT array_agg(x.c) FROM unnest(line_of, credit) AS x (n, c) WHERE x.n = chunk[1]),
                        (SELECT array_agg(x.cur) FROM unnest(line_of, cur) AS x (n, cur) WHERE x.n = chunk[1]),
                        (SELECT array_agg(x.amt) FROM unnest(line_of, amt) AS x (n, amt) WHERE x.n = chunk[1]));
                    refused := refused || chunk[1];
                    refusals := refusals || reason;
                END IF;
        END;
    END LOOP;

    -- A refused journal used no key: the same request may come again when there is money.
    IF cardinality(refused) > 0 THEN
        DELETE FROM ledger_idempotency WHERE tenant_id = t AND key IN
            (SELECT x.k FROM unnest(k) WITH ORDINALITY AS x (k, n) WHERE x.n = ANY (refused));
    END IF;
    RETURN QUERY
        SELECT x.n::int, CASE
            WHEN x.at IS NOT NULL THEN ('posted', x.j, x.at, NULL, NULL, NULL)::ledger_outcome
            WHEN x.n = ANY (refused) THEN refusals[array_position(refused, x.n::int)]
            ELSE ledger_replay(t, x.k, x.hash) END
        FROM unnest(k, hash, j, posted_at) WITH ORDINALITY AS x (k, hash, j, at, n) ORDER BY x.n;
END $$;

REVOKE ALL ON FUNCTION ledger_post_batch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_post_batch TO backoffice_app;
