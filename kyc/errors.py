from backoffice.core.errors import DomainError


class NotReady(DomainError):
    """A guard says no; the sentence is the one on the grey button."""

    code = "kyc-not-ready"
    status = 409
