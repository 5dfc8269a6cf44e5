-- What Django can't say about the ledger's tables: partitions, wider references, who may write.

-- Room on the page for the next version of the row: with no index on a column that changes,
-- every update of a balance stays heap-only.
ALTER TABLE ledger_account SET (fillfactor = 70);

-- A CHECK is prepared again for every update that it guards, so there are two and they are short.
ALTER TABLE ledger_account
    ADD CONSTRAINT ledger_account_no_overdraft CHECK (NOT no_overdraft OR normal * (debits - credits)
        >= CASE WHEN normal = 1 THEN pending_credits ELSE pending_debits END),
    ADD CONSTRAINT ledger_account_sums CHECK (LEAST(debits, credits, pending_debits, pending_credits) >= 0);

-- What can't change afterwards is checked once, what changes rarely when it changes.
CREATE FUNCTION ledger_account_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND (NEW.normal NOT IN (1, -1) OR NEW.version <> 0 OR NEW.closed
        OR GREATEST(NEW.debits, NEW.credits, NEW.pending_debits, NEW.pending_credits) <> 0
        OR (NEW.shard > 0 AND NEW.no_overdraft)) THEN
        RAISE EXCEPTION 'an account starts empty; a shard can''t be guarded against overdraft'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_account_birth';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.closed AND (NEW.debits <> NEW.credits OR NEW.pending_debits + NEW.pending_credits > 0) THEN
        RAISE EXCEPTION 'an account with money or holds can''t be closed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_account_closed_empty';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER birth BEFORE INSERT ON ledger_account FOR EACH ROW EXECUTE FUNCTION ledger_account_check();
CREATE TRIGGER closing BEFORE UPDATE OF closed ON ledger_account FOR EACH ROW EXECUTE FUNCTION ledger_account_check();
-- Who an account belongs to and how it counts is for ever; its sums only grow.
CREATE FUNCTION ledger_account_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an account''s code, currency and kind are for ever' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OF tenant_id, id, code, shard, kind, owner_ref, currency, normal, no_overdraft
    ON ledger_account FOR EACH ROW EXECUTE FUNCTION ledger_account_frozen();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_account_frozen();

ALTER TABLE ledger_hold
    ADD CONSTRAINT ledger_hold_debit_fk FOREIGN KEY (tenant_id, debit_account_id, currency)
        REFERENCES ledger_account (tenant_id, id, currency),
    ADD CONSTRAINT ledger_hold_credit_fk FOREIGN KEY (tenant_id, credit_account_id, currency)
        REFERENCES ledger_account (tenant_id, id, currency);

CREATE INDEX ledger_journal_created ON ledger_journal USING brin (created_at)
    WITH (pages_per_range = 16, autosummarize = on);

CREATE TABLE ledger_idempotency (
    tenant_id bigint NOT NULL,
    key varchar(120) NOT NULL,
    request_hash bytea NOT NULL,
    response_ref uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key)
);

CREATE TABLE ledger_transfer (
    tenant_id bigint NOT NULL,
    journal_id uuid NOT NULL,
    line int NOT NULL,
    debit_account_id uuid NOT NULL,
    credit_account_id uuid NOT NULL,
    currency varchar(8) NOT NULL,
    amount bigint NOT NULL,
    code varchar(40) NOT NULL,
    hold_id uuid,
    effective_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    debit_version bigint NOT NULL,
    credit_version bigint NOT NULL,
    debit_balance bigint NOT NULL,
    credit_balance bigint NOT NULL,
    ahead boolean NOT NULL,
    PRIMARY KEY (tenant_id, journal_id, line, created_at),
    CONSTRAINT ledger_transfer_amount CHECK (amount > 0 AND debit_account_id <> credit_account_id),
    CONSTRAINT ledger_transfer_debit_fk FOREIGN KEY (tenant_id, debit_account_id, currency)
        REFERENCES ledger_account (tenant_id, id, currency),
    CONSTRAINT ledger_transfer_credit_fk FOREIGN KEY (tenant_id, credit_account_id, currency)
        REFERENCES ledger_account (tenant_id, id, currency)
) PARTITION BY RANGE (created_at);

-- A statement and a balance at a moment, from either side of the line.
CREATE INDEX ledger_transfer_debit ON ledger_transfer
    (tenant_id, debit_account_id, created_at, debit_version);
CREATE INDEX ledger_transfer_credit ON ledger_transfer
    (tenant_id, credit_account_id, created_at, credit_version);
-- What was booked since the last close.
CREATE INDEX ledger_transfer_created ON ledger_transfer USING brin (created_at)
    WITH (pages_per_range = 16, autosummarize = on);
-- The few lines whose value date lies after their booking.
CREATE INDEX ledger_transfer_ahead ON ledger_transfer (tenant_id, effective_at) WHERE ahead;

ALTER TABLE ledger_idempotency ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_idempotency FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON ledger_idempotency
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::bigint)
    WITH CHECK (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::bigint);

CREATE FUNCTION ledger_no_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_journal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_no_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_seal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_no_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_balancesnapshot
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_no_change();
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON ledger_idempotency
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_no_change();

-- A partition is a table that can be named: it gets every wall that the whole has.
CREATE FUNCTION ledger_wall(partition_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE mine text := 'tenant_id = NULLIF(current_setting(''app.tenant_id'', true), '''')::bigint';
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition_name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', partition_name);
    EXECUTE format('CREATE POLICY tenant ON %I USING (%s) WITH CHECK (%s)', partition_name, mine, mine);
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON %I FROM backoffice_app', partition_name);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION ledger_no_change()', partition_name);
END $$;

SELECT ledger_wall('ledger_transfer');
CREATE TABLE ledger_transfer_default PARTITION OF ledger_transfer DEFAULT;
SELECT ledger_wall('ledger_transfer_default');

-- Makes the monthly partitions (UTC) that are missing between two dates; returns how many. Rows
-- that fell into the default partition, because nobody made their month in time, move to their own.
CREATE FUNCTION ledger_make_partitions(first_day date, last_day date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s'
SET timezone = 'UTC' AS $$
DECLARE
    month date := date_trunc('month', first_day);
    month_end date := date_trunc('month', last_day);
    strays boolean := pg_relation_size('ledger_transfer_default') > 0;
    name text;
    made int := 0;
BEGIN
    IF month_end > month + interval '20 years' THEN
        RAISE EXCEPTION 'more than 20 years of partitions' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF strays THEN
        -- The owner moves rows of every tenant, so the policy lets go of the owner for a moment.
        ALTER TABLE ledger_transfer NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE ledger_transfer_default NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE ledger_transfer DETACH PARTITION ledger_transfer_default;
        ALTER TABLE ledger_transfer_default RENAME TO ledger_transfer_strays;
        SELECT least(month, min(created_at)::date), greatest(month_end, max(created_at)::date)
        INTO month, month_end FROM ledger_transfer_strays;
        month := date_trunc('month', month);
    END IF;
    WHILE month <= month_end LOOP
        name := 'ledger_transfer_' || to_char(month, 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF ledger_transfer FOR VALUES FROM (%L) TO (%L)',
                           name, month, (month + interval '1 month')::date);
            PERFORM ledger_wall(name);
            made := made + 1;
        END IF;
        month := (month + interval '1 month')::date;
    END LOOP;
    IF strays THEN
        INSERT INTO ledger_transfer SELECT * FROM ledger_transfer_strays;
        DROP TABLE ledger_transfer_strays;
        CREATE TABLE ledger_transfer_default PARTITION OF ledger_transfer DEFAULT;
        PERFORM ledger_wall('ledger_transfer_default');
        ALTER TABLE ledger_transfer FORCE ROW LEVEL SECURITY;
    END IF;
    RETURN made;
END $$;

SELECT ledger_make_partitions(current_date, (current_date + interval '4 months')::date);

REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ledger_account, ledger_journal, ledger_hold,
    ledger_idempotency, ledger_transfer, ledger_dayclose, ledger_balancesnapshot, ledger_seal
    FROM backoffice_app;
REVOKE ALL ON FUNCTION ledger_wall, ledger_make_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_make_partitions TO backoffice_app;
