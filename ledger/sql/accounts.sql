-- Accounts are opened once per code, currency and shard, whoever comes first, and closed empty.

CREATE FUNCTION ledger_account_open(
    t bigint, ids uuid[], a_code text, a_kind text, a_owner text, cur text, a_normal int, a_no_overdraft boolean
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM ledger_enter(t);
    INSERT INTO ledger_account
        (tenant_id, id, code, shard, kind, owner_ref, currency, normal, debits, credits, pending_debits,
         pending_credits, no_overdraft, version, closed, opened_at)
    SELECT t, x.id, a_code, x.n - 1, a_kind, a_owner, cur, a_normal, 0, 0, 0, 0, a_no_overdraft, 0, false,
           clock_timestamp()
    FROM unnest(ids) WITH ORDINALITY AS x (id, n)
    ON CONFLICT (tenant_id, code, currency, shard) DO NOTHING;
END $$;

-- Every shard, or none; returns how many, or -1 when there is money or a hold on one of them.
CREATE FUNCTION ledger_account_set_closed(t bigint, a_code text, cur text, shut boolean) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE touched int;
BEGIN
    PERFORM ledger_enter(t);
    PERFORM 1 FROM ledger_account WHERE tenant_id = t AND code = a_code AND currency = cur
    ORDER BY id FOR NO KEY UPDATE;
    IF shut AND EXISTS (SELECT FROM ledger_account WHERE tenant_id = t AND code = a_code AND currency = cur
                        AND (debits <> credits OR pending_debits > 0 OR pending_credits > 0)) THEN
        RETURN -1;
    END IF;
    UPDATE ledger_account SET closed = shut
    WHERE tenant_id = t AND code = a_code AND currency = cur AND closed <> shut;
    GET DIAGNOSTICS touched = ROW_COUNT;
    RETURN touched;
END $$;

REVOKE ALL ON FUNCTION ledger_account_open, ledger_account_set_closed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_account_open, ledger_account_set_closed TO backoffice_app;
