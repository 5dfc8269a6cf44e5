GRANT UPDATE, DELETE, TRUNCATE ON reconciliation_signoff TO backoffice_app;
