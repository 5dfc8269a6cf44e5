-- Journals are the ledger's lines of the audit trail. Hashing each of them on the way in would cost
-- more than posting it, so a sealer binds whole runs of them into the tenant's audit chain.

CREATE FUNCTION ledger_digest(t bigint, since timestamptz, until timestamptz)
RETURNS TABLE (journals int, digest bytea) LANGUAGE sql STABLE AS $$
    SELECT count(*)::int, sha256(coalesce(string_agg(one.hash, ''::bytea ORDER BY one.created_at, one.id), ''::bytea))
    FROM (
        SELECT j.created_at, j.id, sha256(convert_to(jsonb_build_array(
            j.id, j.kind, j.business_ref, j.reverses_id, j.meta, j.actor_kind, j.actor_ref, j.actor_name,
            j.approved_by, j.ip, j.request_id,
            to_char(j.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
            to_char(j.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
            (SELECT jsonb_agg(jsonb_build_array(
                 x.line, x.debit_account_id, x.credit_account_id, x.currency, x.amount, x.code, x.hold_id,
                 to_char(x.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
                 x.debit_version, x.credit_version, x.debit_balance, x.credit_balance) ORDER BY x.line)
             FROM ledger_transfer x
             WHERE x.tenant_id = t AND x.journal_id = j.id AND x.created_at = j.created_at)
        )::text, 'UTF8')) AS hash
        FROM ledger_journal j
        WHERE j.tenant_id = t AND j.created_at > since AND j.created_at <= until
    ) one
$$;

-- Seals the journals booked since the last seal, at most about ``most``; returns how many, or NULL
-- when a post from before is still in flight after two seconds: the next run takes it.
-- A journal that isn't visible yet must not fall into a sealed run. Every post holds the tenant's
-- shared lock from before its moment of booking until its end: when those that hold the lock now
-- are gone, everything booked until now is visible, and no post had to wait for the sealer.
CREATE FUNCTION ledger_seal(t bigint, seal_id uuid, entry uuid, salt bytea, most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    until timestamptz;
    posting text[];
    last ledger_seal;
    run record;
    give_up timestamptz := clock_timestamp() + interval '2 seconds';
BEGIN
    PERFORM audit_check_tenant(t);
    PERFORM pg_advisory_xact_lock((19526::bigint << 48) | t);
    until := clock_timestamp();
    SELECT array_agg(virtualtransaction) INTO posting FROM ledger_posting(t);
    WHILE posting IS NOT NULL AND EXISTS (SELECT FROM ledger_posting(t) p WHERE p.virtualtransaction = ANY (posting)) LOOP
        IF clock_timestamp() > give_up THEN
            RETURN NULL;
        END IF;
        PERFORM pg_sleep(0.005);
    END LOOP;
    SELECT * INTO last FROM ledger_seal WHERE tenant_id = t ORDER BY seq DESC LIMIT 1;
    last.ends_at := coalesce(last.ends_at, '-infinity');
    -- A run ends at a moment, so journals of one moment stay together.
    SELECT max(created_at) INTO until FROM (
        SELECT created_at FROM ledger_journal
        WHERE tenant_id = t AND created_at > last.ends_at AND created_at <= until
        ORDER BY created_at LIMIT most) first_ones;
    IF until IS NULL THEN
        RETURN 0;
    END IF;
    SELECT * INTO run FROM ledger_digest(t, last.ends_at, until);
    PERFORM audit_append(t, entry, 'system', 'system:ledger-sealer', 'ledger sealer', 'ledger.sealed', 'ledger.seal',
        seal_id, 'L-' || (coalesce(last.seq, 0) + 1), '', '', jsonb_build_object(
            'seq', coalesce(last.seq, 0) + 1, 'journals', run.journals, 'digest', encode(run.digest, 'hex'),
            'until', to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')), salt);
    INSERT INTO ledger_seal (tenant_id, id, seq, starts_at, ends_at, journals, digest, audit_entry_id)
    VALUES (t, seal_id, coalesce(last.seq, 0) + 1, last.ends_at, until, run.journals, run.digest, entry);
    RETURN run.journals;
END $$;

-- Other transactions that have posted for the tenant and have not ended.
CREATE FUNCTION ledger_posting(t bigint) RETURNS TABLE (virtualtransaction text) LANGUAGE sql VOLATILE AS $$
    SELECT l.virtualtransaction FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.pid <> pg_backend_pid() AND l.mode = 'ShareLock' AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (l.classid::bigint << 32) + l.objid::bigint = ledger_lock_key(t)
$$;

REVOKE ALL ON FUNCTION ledger_seal(bigint, uuid, uuid, bytea, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_seal(bigint, uuid, uuid, bytea, int) TO backoffice_app;
