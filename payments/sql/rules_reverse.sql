DROP TRIGGER frozen ON payments_dryrun;
DROP FUNCTION payments_dryrun_frozen();
GRANT UPDATE, DELETE ON payments_ruleversion, payments_ruledecision, payments_dryrun
    TO backoffice_app;
