DROP FUNCTION ledger_faults;
