-- The tree and whatever else is effective-dated: no overlaps, no cycles, and a past that stays.

-- Changes of one brokerage's tree wait for each other: two of them together could close a circle
-- that neither closes alone.
CREATE FUNCTION ib_period_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    thing text := TG_ARGV[0];   -- the column whose periods may not overlap
    taken boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ib.tree', NEW.tenant_id));
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %1$I o WHERE o.tenant_id = $1.tenant_id AND o.id <> $1.id
         AND o.%2$I = $1.%2$I
         AND tstzrange(o.from_at, o.until_at) && tstzrange($1.from_at, $1.until_at))',
        TG_TABLE_NAME, thing) INTO taken USING NEW;
    IF taken THEN
        RAISE EXCEPTION '%: the period overlaps another one', TG_TABLE_NAME
            USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER period BEFORE INSERT OR UPDATE ON ib_placement
    FOR EACH ROW EXECUTE FUNCTION ib_period_check('partner_id');
CREATE TRIGGER period BEFORE INSERT OR UPDATE ON ib_clientattribution
    FOR EACH ROW EXECUTE FUNCTION ib_period_check('client_id');
CREATE TRIGGER period BEFORE INSERT OR UPDATE ON ib_partneragreement
    FOR EACH ROW EXECUTE FUNCTION ib_period_check('partner_id');

-- Walk up from the new parent, cutting the time to what all steps share: who meets themselves there
-- would stand above themselves at that time. Fires after `period`, which holds the lock.
CREATE FUNCTION ib_placement_no_cycle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    circle boolean;
BEGIN
    WITH RECURSIVE up (partner_id, span, depth) AS (
        SELECT NEW.parent_id, tstzrange(NEW.from_at, NEW.until_at), 1
        UNION ALL
        SELECT p.parent_id, up.span * tstzrange(p.from_at, p.until_at), up.depth + 1
        FROM up JOIN ib_placement p
          ON p.tenant_id = NEW.tenant_id AND p.partner_id = up.partner_id
         AND up.span && tstzrange(p.from_at, p.until_at)
        WHERE up.depth < 64 AND up.partner_id <> NEW.partner_id
    )
    SELECT EXISTS (SELECT 1 FROM up WHERE partner_id = NEW.partner_id AND NOT isempty(span)) INTO circle;
    IF circle THEN
        RAISE EXCEPTION 'ib_placement: % would stand above itself', NEW.partner_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'placement_no_cycle';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER then_no_cycle BEFORE INSERT OR UPDATE ON ib_placement
    FOR EACH ROW EXECUTE FUNCTION ib_placement_no_cycle();

REVOKE UPDATE, DELETE, TRUNCATE ON ib_placement, ib_clientattribution, ib_partneragreement
    FROM backoffice_app;
GRANT UPDATE (until_at) ON ib_placement, ib_clientattribution, ib_partneragreement
    TO backoffice_app;

-- A published version is what lines were reckoned with.
CREATE FUNCTION ib_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'published' OR (OLD.agreement_id, OLD.number) <> (NEW.agreement_id, NEW.number) THEN
        RAISE EXCEPTION 'agreement version % is published', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER frozen BEFORE UPDATE ON ib_agreementversion
    FOR EACH ROW EXECUTE FUNCTION ib_version_frozen();
REVOKE DELETE, TRUNCATE ON ib_agreementversion FROM backoffice_app;

-- A commission line is written once; its state moves on by this table alone.
CREATE FUNCTION ib_line_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('accrued', 'in_payout'), ('accrued', 'reversed'),
        ('excluded', 'reversed'), ('in_payout', 'paid'), ('in_payout', 'accrued')) THEN
        RAISE EXCEPTION 'commission line %: no move from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'paid' AND NEW.payout_id IS DISTINCT FROM OLD.payout_id THEN
        RAISE EXCEPTION 'commission line % is in another payout', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER moves BEFORE UPDATE ON ib_commissionline
    FOR EACH ROW EXECUTE FUNCTION ib_line_moves();
REVOKE UPDATE, DELETE, TRUNCATE ON ib_commissionline FROM backoffice_app;
GRANT UPDATE (state, payout_id) ON ib_commissionline TO backoffice_app;

-- What a payout says was worked out once; only its way through the states is written after.
REVOKE UPDATE, DELETE, TRUNCATE ON ib_payout FROM backoffice_app;
GRANT UPDATE (state, reason, journal_id, paid_at) ON ib_payout TO backoffice_app;
REVOKE UPDATE, DELETE, TRUNCATE ON ib_payableposting FROM backoffice_app;
REVOKE DELETE, TRUNCATE ON ib_partner, ib_agreement FROM backoffice_app;

-- When a closing deal's position was opened.
CREATE INDEX ib_deal_opening ON trading_deal (tenant_id, server_id, position_ticket)
    WHERE position_ticket > 0 AND entry IN (0, 2);
