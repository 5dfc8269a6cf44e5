DROP FUNCTION ledger_balances_at, ledger_booked, ledger_moved, ledger_sides;
