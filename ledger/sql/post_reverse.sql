DROP FUNCTION ledger_post, ledger_move, ledger_explain, ledger_refusal, ledger_closed_until,
    ledger_replay, ledger_enter, ledger_lock_key;
DROP TYPE ledger_outcome;
