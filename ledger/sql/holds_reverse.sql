DROP FUNCTION ledger_hold_place, ledger_hold_resolve;
