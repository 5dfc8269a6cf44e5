-- What was sent, or was not, stays on record.
REVOKE UPDATE, DELETE, TRUNCATE ON operations_deliveryattempt FROM backoffice_app;
