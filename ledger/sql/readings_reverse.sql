DROP FUNCTION ledger_balances_at, ledger_newest, ledger_moved, ledger_sides;
