DROP FUNCTION ledger_snapshots_take, ledger_known_at, ledger_valued_at, ledger_valued, ledger_day_close;
