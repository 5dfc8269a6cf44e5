DROP TRIGGER form_version_stands ON kyc_formversion;
DROP FUNCTION kyc_form_version_stands();
GRANT DELETE, TRUNCATE ON kyc_formversion TO backoffice_app;
