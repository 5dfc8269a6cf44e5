GRANT UPDATE, DELETE ON reporting_clientmoneyfigure, reporting_clientmoneyaccount,
    reporting_clientmoneybalance, reporting_reportfile TO backoffice_app;
GRANT DELETE ON reporting_clientmoneyreport TO backoffice_app;
