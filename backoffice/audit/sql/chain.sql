-- The writing half of the audit chain. The runtime role may execute these and read the tables.

CREATE FUNCTION audit_check_tenant(t bigint) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF t IS DISTINCT FROM NULLIF(current_setting('app.tenant_id', true), '')::bigint THEN
        RAISE EXCEPTION 'tenant % is not in scope', t USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- What one link signs. Text of jsonb is canonical in PostgreSQL: fixed spacing, no duplicate keys.
CREATE FUNCTION audit_canonical(e audit_auditentry, seq bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT convert_to(jsonb_build_array(
        e.tenant_id, seq, e.id, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        e.actor_kind, e.actor_ref, e.actor_name, e.action, e.subject_type, e.subject_id,
        e.subject_label, e.ip, e.request_id, encode(e.payload_sha, 'hex'))::text, 'UTF8')
$$;

CREATE FUNCTION audit_genesis(t bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to('genesis:' || t, 'UTF8'))
$$;

CREATE FUNCTION audit_append(
    t bigint, entry uuid, actor_kind text, actor_ref text, actor_name text, action text,
    subject_type text, subject_id uuid, subject_label text, ip text, request_id text,
    payload jsonb, salt bytea
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM audit_check_tenant(t);
    INSERT INTO audit_auditentry
        (tenant_id, id, at, actor_kind, actor_ref, actor_name, action, subject_type, subject_id,
         subject_label, ip, request_id, payload_sha)
    VALUES
        (t, entry, clock_timestamp(), actor_kind, actor_ref, actor_name, action, subject_type,
         subject_id, subject_label, ip, request_id, sha256(salt || convert_to(payload::text, 'UTF8')));
    INSERT INTO audit_auditpayload (tenant_id, id, entry_id, salt, data)
    VALUES (t, uuidv7(), entry, salt, payload);
    INSERT INTO audit_auditunsealed (tenant_id, id) VALUES (t, entry);
END $$;

-- Seals up to ``most`` waiting entries of one tenant; returns how many. The hashes are folded in
-- memory and the head is written once, so a backlog costs little and the writers never wait.
CREATE FUNCTION audit_seal(t bigint, most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head audit_audithead;
    e audit_auditentry;
    link bytea;
    ids uuid[] := '{}';
    prevs bytea[] := '{}';
    hashes bytea[] := '{}';
BEGIN
    PERFORM audit_check_tenant(t);
    INSERT INTO audit_audithead (tenant_id, id, seq, hash, sealed_at)
    VALUES (t, uuidv7(), 0, audit_genesis(t), clock_timestamp()) ON CONFLICT (tenant_id) DO NOTHING;
    SELECT * INTO head FROM audit_audithead WHERE tenant_id = t FOR UPDATE;
    link := head.hash;
    FOR e IN
        SELECT x.* FROM (SELECT id FROM audit_auditunsealed WHERE tenant_id = t ORDER BY id LIMIT most) u
        JOIN audit_auditentry x ON x.tenant_id = t AND x.id = u.id ORDER BY x.id
    LOOP
        ids := ids || e.id;
        prevs := prevs || link;
        link := sha256(link || audit_canonical(e, head.seq + cardinality(ids)));
        hashes := hashes || link;
    END LOOP;
    IF cardinality(ids) = 0 THEN
        RETURN 0;
    END IF;
    INSERT INTO audit_auditseal (tenant_id, id, seq, entry_id, sealed_at, prev, hash)
    SELECT t, uuidv7(), head.seq + n, i, clock_timestamp(), p, h
    FROM unnest(ids, prevs, hashes) WITH ORDINALITY AS s (i, p, h, n);
    DELETE FROM audit_auditunsealed WHERE tenant_id = t AND id = ANY (ids);
    UPDATE audit_audithead SET seq = head.seq + cardinality(ids), hash = link, sealed_at = clock_timestamp()
    WHERE tenant_id = t;
    RETURN cardinality(ids);
END $$;

-- The first fault of each kind between two sequence numbers; no rows means intact.
CREATE FUNCTION audit_faults(t bigint, first_seq bigint, last_seq bigint)
RETURNS TABLE (seq bigint, fault text) LANGUAGE sql STABLE AS $$
    WITH link AS (
        SELECT s.seq, s.prev, s.hash, s.entry_id,
               lag(s.hash, 1, CASE WHEN first_seq <= 1 THEN audit_genesis(t) ELSE s.prev END) OVER w AS before,
               lag(s.seq, 1, first_seq - 1) OVER w AS seq_before
        FROM audit_auditseal s WHERE s.tenant_id = t AND s.seq BETWEEN first_seq AND last_seq
        WINDOW w AS (ORDER BY s.seq)
    ), checked AS (
        SELECT link.seq,
               e.id IS NULL AS missing_entry,
               link.hash IS DISTINCT FROM sha256(link.prev || audit_canonical(e, link.seq)) AS changed_entry,
               link.prev IS DISTINCT FROM link.before AS broken_link,
               link.seq IS DISTINCT FROM link.seq_before + 1 AS gap,
               p.id IS NOT NULL AND e.payload_sha IS DISTINCT FROM
                   sha256(p.salt || convert_to(p.data::text, 'UTF8')) AS changed_payload
        FROM link
        LEFT JOIN audit_auditentry e ON e.tenant_id = t AND e.id = link.entry_id
        LEFT JOIN audit_auditpayload p ON p.tenant_id = t AND p.entry_id = link.entry_id
    )
    SELECT min(c.seq), f.fault FROM checked c
    CROSS JOIN LATERAL (VALUES ('missing entry', c.missing_entry), ('changed entry', c.changed_entry),
        ('broken link', c.broken_link), ('gap', c.gap), ('changed payload', c.changed_payload)) f (fault, found)
    WHERE f.found GROUP BY f.fault ORDER BY 1
$$;

CREATE FUNCTION audit_no_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_no_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_auditseal
    FOR EACH STATEMENT EXECUTE FUNCTION audit_no_change();

REVOKE ALL ON FUNCTION audit_append, audit_seal FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_append, audit_seal TO backoffice_app;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON audit_auditentry, audit_auditpayload, audit_auditseal,
    audit_auditunsealed, audit_audithead FROM backoffice_app;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_auditheadsignature FROM backoffice_app;
