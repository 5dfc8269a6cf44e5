-- What was signed off stays as it was signed.
REVOKE UPDATE, DELETE, TRUNCATE ON reconciliation_signoff FROM backoffice_app;
