-- Erasing takes rights that the runtime role does not have: notes, decisions, messages and details of
-- the trail are append-only for it. These functions have them, and look for themselves whether two
-- people decided and no legal hold stands. Books, links of the audit chain and votes are out of reach.

CREATE FUNCTION privacy_check(t bigint, request uuid) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM audit_check_tenant(t);
    IF NOT EXISTS (
        SELECT 1 FROM privacy_erasurerequest r
        JOIN workflow_approval a ON a.tenant_id = t AND a.subject_id = r.id
            AND a.kind = 'privacy.erasure' AND a.state = 'approved'
        JOIN workflow_approvalvote v ON v.tenant_id = t AND v.approval_id = a.id AND v.approves
            AND v.voter_ref <> r.asked_by_ref
        WHERE r.tenant_id = t AND r.id = request AND r.state = 'running'
    ) THEN
        RAISE EXCEPTION 'erasure % was not decided by two people', request
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (
        SELECT 1 FROM privacy_legalhold h JOIN privacy_erasurerequest r
            ON r.tenant_id = t AND r.client_id = h.client_id
        WHERE h.tenant_id = t AND r.id = request AND h.lifted_at IS NULL
    ) THEN
        RAISE EXCEPTION 'a legal hold stands over erasure %', request
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE FUNCTION privacy_table(relation text) RETURNS regclass LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF relation ~ '^(ledger|tenancy|staff|auth|account|mfa)_' AND relation <> 'staff_apirequest'
        OR relation ~ '^audit_' AND relation <> 'audit_auditpayload'
        OR relation IN ('workflow_approvalvote', 'privacy_legalhold', 'privacy_erasurestep')
        OR NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('public.' || quote_ident(relation))
                       AND attname = 'tenant_id' AND NOT attisdropped) THEN
        RAISE EXCEPTION 'nothing is erased from %', relation USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN to_regclass('public.' || quote_ident(relation));
END $$;

-- Writes ``sets`` (column: value) into the rows of a table whose column ``by`` is among ``ids``.
CREATE FUNCTION privacy_write(t bigint, request uuid, relation text, by text, ids uuid[], sets jsonb)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    target regclass := privacy_table(relation);
    assigned text;
    many int;
BEGIN
    PERFORM privacy_check(t, request);
    SELECT string_agg(format('%1$I = n.%1$I', key), ', ') INTO assigned FROM jsonb_object_keys(sets) key
    WHERE key NOT IN ('id', 'tenant_id');
    EXECUTE format('UPDATE %1$s x SET %2$s FROM jsonb_populate_record(NULL::%1$s, $1) n'
        ' WHERE x.tenant_id = $2 AND x.%3$I = ANY ($3)', target, assigned, by) USING sets, t, ids;
    GET DIAGNOSTICS many = ROW_COUNT;
    RETURN many;
END $$;

CREATE FUNCTION privacy_remove(t bigint, request uuid, relation text, by text, ids uuid[])
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    target regclass := privacy_table(relation);
    many int;
BEGIN
    PERFORM privacy_check(t, request);
    EXECUTE format('DELETE FROM %s x WHERE x.tenant_id = $1 AND x.%I = ANY ($2)', target, by) USING t, ids;
    GET DIAGNOSTICS many = ROW_COUNT;
    RETURN many;
END $$;

-- Takes what ``pattern`` finds out of every text of the rows; bytes that hold one of ``raw`` go whole.
CREATE FUNCTION privacy_scrub(
    t bigint, request uuid, relation text, by text, ids uuid[], pattern text, raw bytea[]
) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    target regclass := privacy_table(relation);
    c record;
    said text;
    many int;
    most int := 0;
BEGIN
    PERFORM privacy_check(t, request);
    FOR c IN
        SELECT a.attname AS name, y.typname AS kind, format_type(a.atttypid, a.atttypmod) AS written,
               CASE WHEN a.atttypid = 'varchar'::regtype AND a.atttypmod > 4 THEN a.atttypmod - 4 END AS room
        FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
        WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped
          AND y.typname IN ('varchar', 'text', 'jsonb', '_varchar', '_text', 'bytea')
    LOOP
        IF c.kind = 'bytea' THEN
            EXECUTE format('UPDATE %1$s x SET %2$I = %3$L WHERE x.tenant_id = $1 AND x.%4$I = ANY ($2) AND EXISTS'
                ' (SELECT 1 FROM unnest($3) w WHERE position(w IN x.%2$I) > 0)', target, c.name, '', by)
            USING t, ids, raw;
        ELSE
            said := format('regexp_replace(x.%I::text, $3, ''[erased]'', ''gi'')', c.name);
            IF c.room IS NOT NULL THEN
                said := format('left(%s, %s)', said, c.room);
            END IF;
            EXECUTE format('UPDATE %1$s x SET %2$I = (%3$s)::%4$s WHERE x.tenant_id = $1 AND x.%5$I = ANY ($2)'
                ' AND x.%2$I::text ~* $3', target, c.name, said, c.written, by) USING t, ids, pattern;
        END IF;
        GET DIAGNOSTICS many = ROW_COUNT;
        most := greatest(most, many);
    END LOOP;
    RETURN most;
END $$;

REVOKE ALL ON FUNCTION privacy_write, privacy_remove, privacy_scrub FROM PUBLIC;
GRANT EXECUTE ON FUNCTION privacy_write, privacy_remove, privacy_scrub TO backoffice_app;
-- Who asked, who decided and what went stay as they were written.
REVOKE DELETE, TRUNCATE ON privacy_erasurerequest, privacy_legalhold, privacy_retentionversion FROM backoffice_app;
REVOKE DELETE, TRUNCATE ON privacy_erasurestep FROM backoffice_app;
