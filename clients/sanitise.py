"""Makes an uploaded file harmless: runs as a program of its own, so that a hostile file meets the
image and PDF parsers under limits of memory and time and takes nothing else down.

``python -m clients.sanitise`` reads the file from standard input and writes one line of JSON
(``Clean`` or ``{"refused": sentence}``) and then the clean bytes. It needs no settings.
"""

import io
import json
import resource
import sys
import warnings
import zlib
from dataclasses import asdict, dataclass
from typing import Any

MEMORY_BYTES_MAX = 1_200 * 2**20
CPU_S_MAX = 25
PIXELS_MAX = 60_000_000
SIDE_PX_MAX = 5_000  # re-encoded pages are read by people, not printed
SIDE_PX_MIN = 200
PAGES_MAX = 60
PDF_OBJECTS_MAX = 50_000
PDF_DEPTH_MAX = 60
PDF_UNPACKED_BYTES_MAX = 250 * 2**20
JPEG_QUALITY = 88

# What other kinds of file begin with, at the start or behind the end of a real image.
FOREIGN = (
    b"PK\x03\x04",
    b"%PDF-",
    b"MZ\x90\x00",
    b"\x7fELF",
    b"<?php",
    b"<html",
    b"<!doctype html",
    b"<script",
    b"<svg",
    b"Rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
)


class Refused(Exception):  # noqa: N818 - a verdict, in words for the person who uploaded
    pass


@dataclass(frozen=True)
class Clean:
    """``mime`` is what the bytes are, whatever they were called."""

    mime: str
    pages: int
    size: int


def sniff(content: bytes) -> str:
    """The kind of file by its first bytes. Raises ``Refused`` for anything but four kinds."""
    head = content[:1024].lstrip().lower()
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith((b"<!doctype html", b"<html", b"<script", b"<?php")):
        raise Refused("This is a web page, not a document. Send a photo, a scan or a PDF.")
    if b"<svg" in head:
        raise Refused("SVG drawings are not taken. Send a photo, a scan or a PDF.")
    if content[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        raise Refused("HEIC photos can't be read here. Send the photo as JPEG, or as a PDF.")
    raise Refused("This is neither a photo (JPEG, PNG, WebP) nor a PDF.")


def sanitise(content: bytes) -> tuple[Clean, bytes]:
    """The same document without anything that is not picture or text. Raises ``Refused``."""
    kind = sniff(content)
    _refuse_second_file(content, kind)
    if kind == "application/pdf":
        clean, pages = _pdf(content)
        return Clean(kind, pages, len(clean)), clean
    mime, clean = _image(content)
    return Clean(mime, 1, len(clean)), clean


def _refuse_second_file(content: bytes, kind: str) -> None:
    """A document with another file behind its end: phones append some data, never these."""
    tail = content[_end_of(content, kind) :].lower()
    if any(mark.lower() in tail for mark in FOREIGN):
        raise Refused("There is a second file hidden behind the document. It was not kept.")


def _end_of(content: bytes, kind: str) -> int:
    """Where the document itself ends; the length of ``content`` when its end is missing."""
    if kind == "image/jpeg":
        return _end_of_jpeg(content)
    if kind == "image/webp":
        return int.from_bytes(content[4:8], "little") + 8
    mark = b"%%EOF" if kind == "application/pdf" else b"IEND\xaeB`\x82"
    at = content.rfind(mark) if kind == "application/pdf" else content.find(mark)
    return at + len(mark) if at >= 0 else len(content)


def _end_of_jpeg(content: bytes) -> int:
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            return len(content)
        marker = content[at + 1]
        if marker == 0xD9:
            return at + 2
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == 0xDA:  # picture data follows, until a marker that is neither 00 nor a restart
            while 0 <= (at := content.find(b"\xff", at)) < len(content) - 1:
                if content[at + 1] != 0 and not 0xD0 <= content[at + 1] <= 0xD7:
                    break
                at += 2
            if at < 0:
                return len(content)
    return len(content)


def _image(content: bytes) -> tuple[str, bytes]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=["JPEG", "PNG", "WEBP", "MPO"])
            _check_size(*picture.size)
            picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(_too_many_pixels()) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise Refused("The picture is damaged: it can't be opened to its end.") from None
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((SIDE_PX_MAX, SIDE_PX_MAX))
    upright = upright.convert("RGB")
    upright.info.clear()  # comments and profiles would be written again
    out = io.BytesIO()
    if picture.format == "PNG":
        upright.save(out, "PNG", optimize=False)
        return "image/png", out.getvalue()
    upright.save(out, "JPEG", quality=JPEG_QUALITY)
    return "image/jpeg", out.getvalue()


def _check_size(width: int, height: int) -> None:
    if width * height > PIXELS_MAX:
        raise Refused(_too_many_pixels())
    if min(width, height) < SIDE_PX_MIN:
        raise Refused(
            f"The picture is {width} × {height} pixels: too small to read. "
            f"Each side needs {SIDE_PX_MIN} at least."
        )


def _too_many_pixels() -> str:
    return f"The picture has more than {PIXELS_MAX // 10**6} million pixels. Send a smaller one."


# Keys under which a PDF keeps what acts, embeds, submits or calls.
PDF_KEYS = (
    "/AA",
    "/OpenAction",
    "/JS",
    "/JavaScript",
    "/EmbeddedFiles",
    "/EF",
    "/AF",
    "/Launch",
    "/SubmitForm",
    "/XFA",
    "/RichMediaContent",
    "/Collection",
    "/PieceInfo",
    "/Metadata",
    "/URI",
)
PDF_ACTS = {
    "/JavaScript",
    "/Launch",
    "/SubmitForm",
    "/ImportData",
    "/GoToR",
    "/GoToE",
    "/URI",
    "/Rendition",
    "/RichMediaExecute",
    "/Movie",
    "/Sound",
}
PDF_ANNOTATIONS = {
    "/FileAttachment",
    "/RichMedia",
    "/Screen",
    "/Movie",
    "/Sound",
    "/3D",
    "/Widget",
    "/Link",
}


def _pdf(content: bytes) -> tuple[bytes, int]:
    import pikepdf

    try:
        pdf = pikepdf.open(io.BytesIO(content))
    except pikepdf.PasswordError:
        raise Refused("The PDF is locked with a password. Send it without one.") from None
    except (pikepdf.PdfError, RuntimeError, ValueError):
        raise Refused("The PDF is damaged: it can't be opened.") from None
    with pdf:
        try:
            return _stripped(pdf, pikepdf)
        except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError):
            raise Refused("The PDF is damaged: its pages can't be read.") from None


def _stripped(pdf: Any, pikepdf: Any) -> tuple[bytes, int]:
    pages = len(pdf.pages)
    if not 1 <= pages <= PAGES_MAX:
        raise Refused(f"The PDF has {pages} pages. Between 1 and {PAGES_MAX} are taken.")
    if len(pdf.objects) > PDF_OBJECTS_MAX:
        raise Refused("The PDF is built of too many parts. Print it to a new PDF and send that.")
    _refuse_bomb(pdf, pikepdf)
    for page in pdf.pages:
        _strip_annotations(page.obj, pikepdf)
    for key in ("/Names", "/AcroForm", "/Outlines", "/Dests"):
        if key in pdf.Root:
            del pdf.Root[key]
    for thing in pdf.objects:
        _strip(thing, pikepdf)
    if pdf.trailer.get("/Info") is not None:
        del pdf.trailer["/Info"]
    # Without it in what came, it would be left out of what is written, which then opens nowhere.
    pdf.trailer["/Size"] = 0
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, static_id=False)
    with pikepdf.open(io.BytesIO(out.getvalue())) as written:
        if len(written.pages) != pages:
            raise ValueError("pages were lost")
    return out.getvalue(), pages


def _strip(thing: Any, pikepdf: Any, depth: int = 0) -> None:
    """Take what acts out of one object and of the objects written inside it."""
    if depth > PDF_DEPTH_MAX:
        raise Refused("The PDF is nested too deeply. Print it to a new PDF and send that.")
    if isinstance(thing, pikepdf.Array):
        inner = list(thing)
    elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        for key in PDF_KEYS:
            if key in thing:
                del thing[key]
        action = thing.get("/A")
        if isinstance(action, pikepdf.Dictionary) and str(action.get("/S")) in PDF_ACTS:
            del thing["/A"]
        if str(thing.get("/S")) in PDF_ACTS:
            del thing["/S"]
        inner = [thing[key] for key in list(thing.keys())]
    else:
        return
    for part in inner:
        if isinstance(part, pikepdf.Array | pikepdf.Dictionary) and not part.is_indirect:
            _strip(part, pikepdf, depth + 1)


def _strip_annotations(page: Any, pikepdf: Any) -> None:
    if "/Annots" not in page:
        return
    kept = [
        note
        for note in page["/Annots"]
        if isinstance(note, pikepdf.Dictionary) and str(note.get("/Subtype")) not in PDF_ANNOTATIONS
    ]
    if kept:
        page["/Annots"] = pikepdf.Array(kept)
    else:
        del page["/Annots"]


def _refuse_bomb(pdf: Any, pikepdf: Any) -> None:
    """Unpack every deflated stream within a budget, and look at what its pictures claim to be."""
    left = PDF_UNPACKED_BYTES_MAX
    for thing in pdf.objects:
        if not isinstance(thing, pikepdf.Stream):
            continue
        if str(thing.get("/Subtype")) == "/Image":
            pixels = int(thing.get("/Width", 0)) * int(thing.get("/Height", 0))
            if pixels > PIXELS_MAX:
                raise Refused(_too_many_pixels())
        filters = thing.get("/Filter", [])
        names = [str(filters)] if isinstance(filters, pikepdf.Name) else [str(f) for f in filters]
        if names.count("/FlateDecode") > 1:
            raise Refused("The PDF is packed in layers. Print it to a new PDF and send that.")
        if names[:1] == ["/FlateDecode"]:
            left -= _unpacked_size(thing.read_raw_bytes(), left)
        if left <= 0:
            raise Refused("The PDF unpacks to far more than its size. It was not kept.")


def _unpacked_size(raw: bytes, budget: int) -> int:
    unpacker, total = zlib.decompressobj(), 0
    try:
        while raw and total <= budget:
            total += len(unpacker.decompress(raw, 2**20))
            raw = unpacker.unconsumed_tail
    except zlib.error:
        return total  # damaged data: the viewer shows what there is of it
    return total


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        clean, content = sanitise(sys.stdin.buffer.read())
    except Refused as refusal:
        _answer({"refused": str(refusal)}, b"")
    except MemoryError:
        _answer({"refused": "The file unpacks to far more than its size."}, b"")
    else:
        _answer(asdict(clean), content)


def _answer(head: dict[str, Any], content: bytes) -> None:
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + content)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
