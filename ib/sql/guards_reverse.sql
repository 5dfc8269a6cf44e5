DROP INDEX ib_deal_opening;
DROP TRIGGER moves ON ib_commissionline;
DROP TRIGGER frozen ON ib_agreementversion;
DROP TRIGGER then_no_cycle ON ib_placement;
DROP TRIGGER period ON ib_partneragreement;
DROP TRIGGER period ON ib_clientattribution;
DROP TRIGGER period ON ib_placement;
DROP FUNCTION ib_line_moves, ib_version_frozen, ib_placement_no_cycle, ib_period_check;
