DROP FUNCTION ledger_make_partitions, ledger_wall;
DROP TABLE ledger_transfer, ledger_idempotency;
DROP TRIGGER append_only ON ledger_balancesnapshot;
DROP TRIGGER append_only ON ledger_seal;
DROP TRIGGER append_only ON ledger_journal;
DROP FUNCTION ledger_no_change;
DROP INDEX ledger_journal_created;
ALTER TABLE ledger_hold DROP CONSTRAINT ledger_hold_debit_fk, DROP CONSTRAINT ledger_hold_credit_fk;
