DROP FUNCTION ledger_seal(bigint, uuid, uuid, bytea, int);
DROP FUNCTION ledger_posting, ledger_digest;
