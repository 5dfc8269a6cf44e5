"""The theme holds WCAG 2.2 AA by computation, and its class names keep out of the kit's way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CSS = ROOT / "static" / "css"
OURS = ["theme.css", "frame.css", "controls.css", "work.css"]
STATES = ["neutral", "going", "attention", "good", "bad", "held"]
ACCENTS = ["", "blue", "teal", "forest", "plum", "copper", "graphite"]
TEXT_RATIO = 4.5
EDGE_RATIO = 3.0

# Classes of the kit that we restyle on purpose, under the kit's own meaning.
SHARED_WITH_THE_KIT = {
    *("btn", "btn-primary", "btn-danger", "btn-sm", "btn-icon"),
    *("form-control", "form-select", "form-label", "is-invalid", "small", "strong"),
}


def _declarations(selector: str) -> dict[str, str]:
    css = re.sub(r"/\*.*?\*/", "", (CSS / "theme.css").read_text(), flags=re.S)
    found: dict[str, str] = {}
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        if selector in [each.strip() for each in selectors.split(",")]:
            found.update(re.findall(r"(--[\w-]+):\s*([^;]+);", body))
    return found


def _tokens(theme: str, accent: str) -> dict[str, str]:
    tokens = _declarations(":root")
    if accent:
        tokens |= _declarations(f'[data-accent="{accent}"]')
    if theme == "dark":
        tokens |= _declarations('[data-bs-theme="dark"]')
        if accent:
            tokens |= _declarations(f'[data-bs-theme="dark"][data-accent="{accent}"]')
    return tokens


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _too_faint(tokens: dict[str, str], pairs: list[tuple[str, str]], least: float) -> list[str]:
    return [
        f"{ink} on {ground}: {ratio:.2f}"
        for ink, ground in pairs
        if (ratio := _contrast(tokens[f"--{ink}"], tokens[f"--{ground}"])) < least
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_reads_on_every_surface(theme: str) -> None:
    grounds = ["bg", "surface", "sunken", "accent-soft", "neutral-soft"]
    pairs = [(ink, ground) for ink in ("text", "text-2", "text-3") for ground in grounds]
    pairs += [("text", f"{state}-soft") for state in STATES]
    assert _too_faint(_tokens(theme, ""), pairs, TEXT_RATIO) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_state_reads_on_its_own_ground_and_on_plain_ones(theme: str) -> None:
    pairs = [
        (state, ground)
        for state in STATES
        for ground in (f"{state}-soft", "surface", "sunken", "accent-soft")
    ]
    assert _too_faint(_tokens(theme, ""), pairs, TEXT_RATIO) == []


@pytest.mark.parametrize("accent", ACCENTS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_accent_reads_as_text_and_under_its_ink(theme: str, accent: str) -> None:
    pairs = [("accent", ground) for ground in ("surface", "sunken", "bg", "accent-soft")]
    pairs += [("accent-ink", "accent"), ("text-3", "accent-soft"), ("text", "accent-soft")]
    assert _too_faint(_tokens(theme, accent), pairs, TEXT_RATIO) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_edge_of_an_input_can_be_seen(theme: str) -> None:
    pairs = [("edge", "surface"), ("edge", "bg"), ("accent", "surface"), ("accent", "bg")]
    assert _too_faint(_tokens(theme, ""), pairs, EDGE_RATIO) == []


def _classes(css: str) -> set[str]:
    without_values = re.sub(r"url\([^)]*\)|\"[^\"]*\"|'[^']*'|/\*.*?\*/", "", css, flags=re.S)
    selectors = " ".join(re.findall(r"([^{};]+)\{", without_values))
    return set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", selectors))


def test_no_class_of_ours_means_something_else_in_the_kit() -> None:
    kit = _classes((ROOT / "static/vendor/tabler/tabler.min.css").read_text())
    ours = set().union(*(_classes((CSS / name).read_text()) for name in OURS))
    assert len(ours) > 100  # the scan sees our classes
    assert ours & kit == SHARED_WITH_THE_KIT & ours


def test_no_stylesheet_of_ours_passes_six_hundred_lines() -> None:
    assert [name for name in OURS if len((CSS / name).read_text().splitlines()) > 600] == []
