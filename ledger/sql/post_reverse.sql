DROP FUNCTION ledger_post, ledger_move, ledger_refusal, ledger_unclaim, ledger_claim,
    ledger_closed_until, ledger_replay, ledger_enter, ledger_lock_key;
DROP TYPE ledger_outcome;
