"""What comes in as a document, what is refused, how it is kept and who looked at it."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image, ImageChops

from backoffice.audit.models import AuditEntry
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from clients import documents, files, services
from clients.errors import FileRefused, FileUnreadable
from clients.models import ClientDocument
from tests.clients.factories import make_document, make_lead, paper, picture


def _png_bomb(side: int) -> bytes:
    """A PNG of a few kilobytes that claims ``side`` x ``side`` pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def _with_bomb_stream(pdf: pikepdf.Pdf) -> None:
    packed = zlib.compress(b"\0" * (300 * 2**20), 9)
    stream = pikepdf.Stream(pdf, b"")
    stream.write(packed, filter=pikepdf.Name.FlateDecode)
    pdf.pages[0].obj["/Contents"] = pdf.make_indirect(stream)


def _locked(pdf_bytes: bytes) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf_bytes)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"x" * (files.UPLOAD_BYTES_MAX + 1), "20.0 MB. Files of up to 20 MB"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "web page"),
        (b"  <html><body>passport</body></html>", "web page"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"PK\x03\x04 a Word file", "neither a photo"),
        (b"MZ\x90\x00 a program", "neither a photo"),
        (b"\x00\x00\x00\x18ftypheic rest", "HEIC"),
        (b"\xff\xd8\xff\xe0 cut off", "damaged"),
        (picture()[:2000], "damaged"),
        (picture() + b"PK\x03\x04 hidden archive", "second file"),
        (picture("PNG") + b"<script>alert(1)</script>", "second file"),
        (picture("WEBP") + b"%PDF-1.7 hidden", "second file"),
        (paper() + b"\n<html><script>alert(1)</script></html>", "second file"),
        (picture(size=(60, 900)), "too small to read"),
        (_png_bomb(30_000), "million pixels"),
        (b"%PDF-1.7 nothing more", "damaged"),
        (paper(pages=61), "61 pages"),
        (lambda: paper(extra=_with_bomb_stream), "far more than its size"),
        (_locked(paper()), "password"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
def test_a_bad_file_is_refused_with_a_sentence_and_nothing_is_kept(
    olivia: Actor, content: bytes | Callable[[], bytes], sentence: str, settings: Any
) -> None:
    client = make_lead(olivia)
    sent = content if isinstance(content, bytes) else content()
    with pytest.raises(FileRefused, match=sentence):
        make_document(olivia, client, content=sent)
    assert ClientDocument.objects.count() == 0
    assert not list(Path(settings.MEDIA_ROOT).rglob("*-*-*-*-*"))
    assert AuditEntry.objects.filter(action="clients.document_uploaded").count() == 0


def _with_actions(pdf: pikepdf.Pdf) -> None:
    act = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
    pdf.Root.OpenAction = act
    pdf.attachments["evil.exe"] = b"MZ program"
    launch = pikepdf.Dictionary(S=pikepdf.Name.Launch, F=pikepdf.String("cmd.exe"))
    pdf.pages[0].obj["/AA"] = pikepdf.Dictionary(O=act)
    pdf.pages[0].obj["/Annots"] = pikepdf.Array(
        [
            pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, A=launch),
            pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, A=act),
        ]
    )


def test_a_pdf_loses_what_acts_and_what_is_attached(olivia: Actor) -> None:
    client = make_lead(olivia)
    row = make_document(olivia, client, "utility_bill", paper(3, _with_actions), "bill.pdf")
    assert (row.mime, row.pages, row.state) == ("application/pdf", 3, "uploaded")
    kept = files.read(tenant_id=olivia.tenant_id, document_id=row.pk, path=row.path)
    with pikepdf.open(io.BytesIO(kept)) as pdf:
        plain = io.BytesIO()
        pdf.save(plain, qdf=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
        assert len(pdf.attachments) == 0
    for word in (b"JavaScript", b"alert", b"Launch", b"cmd.exe", b"evil.exe", b"OpenAction"):
        assert word not in plain.getvalue()


def test_a_pdf_whose_end_was_lost_opens_again_once_it_is_kept(olivia: Actor) -> None:
    """Written by hand or cut: no table of its parts, and no count of them."""
    parts = (
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj",
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj",
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]>>endobj",
        b"trailer<</Root 1 0 R>>",
    )
    content = b"\n".join((b"%PDF-1.4", *parts, b"%%EOF"))
    row = make_document(olivia, make_lead(olivia), content=content, name="bill.pdf")
    shown = documents.document_look(actor=olivia, document=row, brokerage="Aurora")
    with pikepdf.open(io.BytesIO(shown)) as pdf:
        assert len(pdf.pages) == 1


def test_a_photo_is_made_anew_upright_and_without_its_metadata(olivia: Actor) -> None:
    image = Image.new("RGB", (800, 500), "white")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "taken at home"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"<script>alert(1)</script>")
    row = make_document(olivia, make_lead(olivia), content=out.getvalue())
    kept = files.read(tenant_id=olivia.tenant_id, document_id=row.pk, path=row.path)
    assert b"taken at home" not in kept
    assert b"<script>" not in kept
    assert Image.open(io.BytesIO(kept)).size == (500, 800)


def test_the_kind_is_what_the_bytes_say_whatever_the_name(olivia: Actor) -> None:
    row = make_document(olivia, make_lead(olivia), content=picture("PNG"), name="../../etc/a.pdf")
    assert (row.mime, row.name) == ("image/png", "a.pdf")


def test_on_disk_nothing_can_be_read_and_nothing_can_be_moved(olivia: Actor, settings: Any) -> None:
    client = make_lead(olivia)
    first, second = make_document(olivia, client), make_document(olivia, client, "selfie")
    root = Path(settings.MEDIA_ROOT)
    stored = (root / first.path).read_bytes()
    assert first.path.startswith(f"{olivia.tenant_id}/")
    assert b"\xff\xd8\xff" not in stored[:40]
    (root / second.path).write_bytes(stored)
    with pytest.raises(FileUnreadable):
        documents.document_look(actor=olivia, document=second, brokerage="Aurora")
    with pytest.raises(FileUnreadable):
        files.read(tenant_id=olivia.tenant_id + 1, document_id=first.pk, path=first.path)


def test_the_same_file_twice_is_kept_once(olivia: Actor) -> None:
    client = make_lead(olivia)
    first = make_document(olivia, client)
    assert make_document(olivia, client).pk == first.pk
    assert make_document(olivia, client, "selfie", picture(text=f"passport {client.reference}"))
    assert ClientDocument.objects.count() == 2


def test_every_look_is_recorded_and_marked(olivia: Actor) -> None:
    client = make_lead(olivia)
    for content, name in ((None, "p.jpg"), (paper(2), "p.pdf")):
        row = make_document(olivia, client, content=content, name=name)
        plain = files.read(tenant_id=olivia.tenant_id, document_id=row.pk, path=row.path)
        shown = documents.document_look(actor=olivia, document=row, brokerage="Aurora")
        assert shown != plain
    views = AuditEntry.objects.filter(action="clients.document_viewed", subject_id=client.pk)
    assert views.count() == 2
    from pypdf import PdfReader

    text = PdfReader(io.BytesIO(shown)).pages[1].extract_text()
    assert "Aurora - Olivia - 20" in text


def test_a_number_is_kept_sealed_and_links_two_clients(olivia: Actor) -> None:
    from clients.selectors import possible_duplicates

    first, second = make_lead(olivia), make_lead(olivia, last_name="Berg", email="b@mail.example")
    one, two = make_document(olivia, first), make_document(olivia, second)
    documents.document_describe(actor=olivia, document=one, number="C01X-0006H")
    row = documents.document_describe(
        actor=olivia, document=two, number="c01x0006h", reading={"surname": "BERG"}, source="mrz"
    )
    assert b"c01x" not in bytes(row.number_sealed)
    assert documents.number_of(row) == "c01x0006h"
    assert documents.readings_of(row) == {"mrz": {"surname": "BERG"}}
    assert possible_duplicates(first) == [(second, "the same document number")]


def test_a_decision_needs_a_reason_to_refuse_and_can_be_taken_back(olivia: Actor) -> None:
    row = make_document(olivia, make_lead(olivia))
    with pytest.raises(InvalidInput):
        documents.document_decide(actor=olivia, document=row, accepted=False)
    refused = documents.document_decide(
        actor=olivia, document=row, accepted=False, reason="blurred", client_text="Sharper, please."
    )
    assert (refused.state, refused.decision_text) == ("refused", "Sharper, please.")
    accepted = documents.document_decide(actor=olivia, document=row, accepted=True)
    assert (accepted.state, accepted.decision_reason) == ("accepted", "")


def test_an_expired_document_is_not_accepted(olivia: Actor) -> None:
    from datetime import date

    row = make_document(olivia, make_lead(olivia))
    documents.document_describe(actor=olivia, document=row, expires_on=date(2020, 1, 1))
    with pytest.raises(InvalidInput, match="It expired on 1 Jan 2020"):
        documents.document_decide(actor=olivia, document=row, accepted=True)


def test_a_closed_client_takes_no_documents(olivia: Actor) -> None:
    client = make_lead(olivia)
    services.client_move(actor=olivia, client=client, state="closed", reason="x")
    with pytest.raises(StateConflict):
        make_document(olivia, client)


@pytest.mark.parametrize("size", [(900, 600), (600, 900), (3000, 4000)])
def test_the_mark_lies_over_every_part_of_a_page(size: tuple[int, int]) -> None:
    plain = picture(size=size, text="")
    shown = files.marked(plain, "image/jpeg", "Aurora - Olivia - 2026-11-24 04:35 UTC")
    changed = ImageChops.difference(
        Image.open(io.BytesIO(plain)), Image.open(io.BytesIO(shown))
    ).convert("L")
    wide, high = size[0] // 3, size[1] // 3
    for column in range(3):
        for row in range(3):
            left, top = column * wide, row * high
            part = changed.crop((left, top, left + wide, top + high))
            strongest = max(range(256), key=lambda shade: shade if part.histogram()[shade] else 0)
            assert strongest > 20, (column, row)
