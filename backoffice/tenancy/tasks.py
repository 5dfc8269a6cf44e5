from celery import shared_task

from backoffice.audit import services, signing
from backoffice.tenancy.scope import all_tenants, tenant_scope


@shared_task
def audit_seal_all() -> int:
    """Seal what waits, tenant by tenant."""
    sealed = 0
    for actor in all_tenants(reason="seal the audit trail", job="audit sealer"):
        with tenant_scope(actor.tenant_id, actor):
            sealed += services.seal(actor=actor)
    return sealed


@shared_task
def audit_sign_all() -> int:
    """Sign where each chain ends, every hour; how many heads were signed."""
    signed = 0
    for actor in all_tenants(reason="sign the heads of the audit trail", job="audit signer"):
        with tenant_scope(actor.tenant_id, actor):
            services.seal(actor=actor)
            signed += signing.head_sign(actor=actor) is not None
    return signed
