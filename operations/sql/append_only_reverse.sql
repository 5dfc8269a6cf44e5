GRANT UPDATE, DELETE ON operations_deliveryattempt TO backoffice_app;
