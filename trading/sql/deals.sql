-- Deals, partitioned by month of the server's time in UTC. Months are made ahead by
-- trading_deal_partitions(); what falls outside them lands in the default partition.

CREATE TABLE trading_deal (
    tenant_id bigint NOT NULL REFERENCES tenancy_tenant (id),
    id uuid NOT NULL,
    server_id uuid NOT NULL,
    account_id uuid,
    ticket bigint NOT NULL,
    login bigint NOT NULL,
    order_ticket bigint NOT NULL,
    position_ticket bigint NOT NULL,
    action smallint NOT NULL,
    entry smallint NOT NULL,
    symbol varchar(32) NOT NULL,
    lots numeric(18, 8) NOT NULL,
    lots_closed numeric(18, 8) NOT NULL,
    price numeric(20, 8) NOT NULL,
    contract_size numeric(20, 8) NOT NULL,
    profit numeric(20, 8) NOT NULL,
    swap numeric(20, 8) NOT NULL,
    commission numeric(20, 8) NOT NULL,
    fee numeric(20, 8) NOT NULL,
    comment varchar(64) NOT NULL,
    at timestamptz NOT NULL,
    server_msc bigint NOT NULL,
    synced_at timestamptz NOT NULL,
    revision smallint NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, server_id, ticket, at)
) PARTITION BY RANGE (at);

CREATE TABLE trading_deal_default PARTITION OF trading_deal DEFAULT;

CREATE INDEX trading_deal_newest ON trading_deal (tenant_id, at, id);            -- the list
CREATE INDEX trading_deal_account ON trading_deal (tenant_id, account_id, at, id); -- an account's deals
CREATE INDEX trading_deal_login ON trading_deal (tenant_id, server_id, login, at); -- gap check
CREATE INDEX trading_deal_id ON trading_deal (tenant_id, id);                      -- one deal
CREATE INDEX trading_deal_synced ON trading_deal (tenant_id, synced_at, id);       -- what is new for commissions

ALTER TABLE trading_deal ENABLE ROW LEVEL SECURITY;
ALTER TABLE trading_deal FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON trading_deal
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::bigint)
    WITH CHECK (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::bigint);
-- The partitions themselves are no way around the policy.
REVOKE ALL ON trading_deal_default FROM backoffice_app;

-- Make the months from one date to another; the months that exist are left alone.
CREATE FUNCTION trading_deal_partitions(first date, last date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    month date := date_trunc('month', first);
    name text;
    made int := 0;
BEGIN
    WHILE month <= last LOOP
        name := 'trading_deal_' || to_char(month, 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF trading_deal FOR VALUES FROM (%L) TO (%L)',
                name, month::timestamptz, (month + interval '1 month')::timestamptz);
            EXECUTE format('REVOKE ALL ON %I FROM backoffice_app', name);
            made := made + 1;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION trading_deal_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trading_deal_partitions TO backoffice_app;

SELECT trading_deal_partitions((now() - interval '13 months')::date, (now() + interval '3 months')::date);
