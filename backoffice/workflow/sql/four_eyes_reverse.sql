DROP TRIGGER frozen ON workflow_approval;
DROP TRIGGER four_eyes ON workflow_approvalvote;
DROP FUNCTION workflow_approval_frozen, workflow_vote_check;
