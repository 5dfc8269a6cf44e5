-- Four eyes in the database: neither the maker, nor anyone barred, nor a latecomer can vote.
CREATE FUNCTION workflow_vote_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE a workflow_approval;
BEGIN
    SELECT * INTO a FROM workflow_approval
    WHERE tenant_id = NEW.tenant_id AND id = NEW.approval_id FOR UPDATE;
    IF NOT FOUND OR a.state <> 'pending' THEN
        RAISE EXCEPTION 'approval % is not pending', NEW.approval_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.maker_ref <> a.maker_ref OR NEW.voter_ref = a.maker_ref OR NEW.voter_ref = ANY (a.barred_refs) THEN
        RAISE EXCEPTION 'four eyes: % may not decide', NEW.voter_ref USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER four_eyes BEFORE INSERT ON workflow_approvalvote
    FOR EACH ROW EXECUTE FUNCTION workflow_vote_check();

-- What was approved, by whom it was asked and who is barred never change; a decision is final.
CREATE FUNCTION workflow_approval_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER frozen BEFORE UPDATE ON workflow_approval
    FOR EACH ROW EXECUTE FUNCTION workflow_approval_frozen();

REVOKE UPDATE, DELETE, TRUNCATE ON workflow_transition, workflow_approvalvote FROM backoffice_app;
REVOKE DELETE, TRUNCATE ON workflow_approval FROM backoffice_app;
