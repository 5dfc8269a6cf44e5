GRANT UPDATE, DELETE ON operations_platformentry TO backoffice_app;
