"""States of a client and of a client's document."""

from django.db import models

from backoffice.core.transitions import machine


class ClientState(models.TextChoices):
    LEAD = "lead", "Lead"
    APPLICANT = "applicant", "Applicant"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    CLOSED = "closed", "Closed"


CLIENT = machine(
    "clients.client",
    initial=ClientState.LEAD,
    transitions={
        ClientState.LEAD: {ClientState.APPLICANT, ClientState.CLOSED},
        ClientState.APPLICANT: {ClientState.ACTIVE, ClientState.SUSPENDED, ClientState.CLOSED},
        ClientState.ACTIVE: {ClientState.SUSPENDED, ClientState.CLOSED},
        ClientState.SUSPENDED: {ClientState.ACTIVE, ClientState.CLOSED},
    },
    final={ClientState.CLOSED},
    labels=dict(ClientState.choices),
)

CLIENT_COLOURS = {
    ClientState.LEAD: "neutral",
    ClientState.APPLICANT: "going",
    ClientState.ACTIVE: "good",
    ClientState.SUSPENDED: "bad",
    ClientState.CLOSED: "neutral",
}


class DocumentState(models.TextChoices):
    UPLOADED = "uploaded", "To be decided"
    ACCEPTED = "accepted", "Accepted"
    REFUSED = "refused", "Refused"
    EXPIRED = "expired", "Expired"


DOCUMENT = machine(
    "clients.clientdocument",
    initial=DocumentState.UPLOADED,
    transitions={
        DocumentState.UPLOADED: {DocumentState.ACCEPTED, DocumentState.REFUSED},
        # A decision may be taken back while its case is open; an expired one is history.
        DocumentState.ACCEPTED: {DocumentState.REFUSED, DocumentState.EXPIRED},
        DocumentState.REFUSED: {DocumentState.ACCEPTED},
    },
    final={DocumentState.EXPIRED},
    labels=dict(DocumentState.choices),
)

DOCUMENT_COLOURS = {
    DocumentState.UPLOADED: "attention",
    DocumentState.ACCEPTED: "good",
    DocumentState.REFUSED: "bad",
    DocumentState.EXPIRED: "bad",
}
