"""Clients and their papers for tests: each function makes one thing, with sensible particulars."""

import io
from datetime import date
from typing import Any

import pikepdf
from PIL import Image, ImageDraw

from backoffice.core.context import Actor
from clients.documents import document_store
from clients.models import Client, ClientAction, ClientDocument, Desk
from clients.services import client_create, client_move, client_set_level, desk_create
from clients.states import ClientState

EVERY_RIGHT = tuple(ClientAction)


def make_lead(actor: Actor, **particulars: Any) -> Client:
    """A new lead of the actor's brokerage: Anna Eriksson unless told otherwise."""
    values = {
        "first_name": "Anna",
        "last_name": "Eriksson",
        "email": "anna.eriksson@mail.example",
        "phone": "+357 99 123456",
        "birth_date": date(1974, 8, 12),
        "nationality": "SE",
        "residence": "CY",
        "address": "1 Makarios Avenue, Limassol",
    }
    return client_create(actor=actor, **{**values, **particulars})


def make_active(actor: Actor, level: int = 2, **particulars: Any) -> Client:
    """A client who may do everything."""
    client = make_lead(actor, **particulars)
    client_move(actor=actor, client=client, state=ClientState.APPLICANT, reason="test")
    client_move(actor=actor, client=client, state=ClientState.ACTIVE, reason="test")
    return client_set_level(actor=actor, client=client, level=level, rights=EVERY_RIGHT)


def make_desk(actor: Actor, name: str = "Limassol") -> Desk:
    return desk_create(actor=actor, name=name)


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (900, 600), text: str = "PASSPORT"
) -> bytes:
    """A photo of a page with a word on it."""
    image = Image.new("RGB", size, (240, 236, 226))
    ImageDraw.Draw(image).text((40, 40), text, fill=(30, 30, 30))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def paper(pages: int = 1, extra: Any = None) -> bytes:
    """A PDF of ``pages``; ``extra(pdf)`` may put something into it."""
    pdf = pikepdf.new()
    for number in range(pages):
        page = pdf.add_blank_page(page_size=(595, 842))
        page.contents_add(f"BT /F1 12 Tf 72 720 Td ({number}) Tj ET".encode())
    if extra is not None:
        extra(pdf)
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def make_document(
    actor: Actor,
    client: Client,
    type: str = "passport",
    content: bytes | None = None,
    name: str = "passport.jpg",
) -> ClientDocument:
    return document_store(
        actor=actor,
        client=client,
        type=type,
        name=name,
        content=picture(text=f"{type} {client.reference}") if content is None else content,
    )
