DROP TRIGGER append_only ON audit_auditseal;
DROP TRIGGER append_only ON audit_auditentry;
DROP FUNCTION audit_no_change, audit_faults, audit_seal, audit_append, audit_genesis, audit_canonical, audit_check_tenant;
