-- What was reported stays as it was reported.
REVOKE UPDATE, DELETE, TRUNCATE ON reporting_clientmoneyfigure, reporting_clientmoneyaccount,
    reporting_clientmoneybalance, reporting_reportfile FROM backoffice_app;
REVOKE DELETE, TRUNCATE ON reporting_clientmoneyreport FROM backoffice_app;
