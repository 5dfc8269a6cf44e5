-- What operators did stays as it was written.
REVOKE UPDATE, DELETE, TRUNCATE ON operations_platformentry FROM backoffice_app;
