CREATE OR REPLACE FUNCTION workflow_approval_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'pending' OR (NEW.kind, NEW.subject_id, NEW.content, NEW.content_hash, NEW.steps,
        NEW.maker_ref, NEW.barred_refs, NEW.amount, NEW.currency) IS DISTINCT FROM
       (OLD.kind, OLD.subject_id, OLD.content, OLD.content_hash, OLD.steps,
        OLD.maker_ref, OLD.barred_refs, OLD.amount, OLD.currency) THEN
        RAISE EXCEPTION 'approval % is frozen', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'approved' AND cardinality(NEW.steps) > (SELECT count(*) FROM workflow_approvalvote v
        WHERE v.tenant_id = NEW.tenant_id AND v.approval_id = NEW.id AND v.approves) THEN
        RAISE EXCEPTION 'approval % lacks votes', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
