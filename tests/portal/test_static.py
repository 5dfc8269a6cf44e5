"""What production serves can be collected, and templates name only what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from backoffice.portal.storage import PortalStaticFilesStorage

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ICONS = set(re.findall(r'id="i-([\w-]+)"', (ROOT / "static/icons.svg").read_text()))


@pytest.fixture
def collected(settings: Settings, tmp_path: Path) -> Path:
    settings.STATIC_ROOT = tmp_path
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "backoffice.portal.storage.PortalStaticFilesStorage"},
    }
    call_command(
        "collectstatic", interactive=False, verbosity=0, ignore_patterns=["admin", "ninja"]
    )
    return tmp_path


def test_production_serves_every_module_and_sheet_by_its_hashed_name(collected: Path) -> None:
    storage = PortalStaticFilesStorage(location=str(collected))
    portal = (collected / storage.stored_name("js/portal.js")).read_text()
    imported = re.findall(r'from "\./([\w.-]+)"', portal)
    assert len(imported) == 12
    assert all(re.search(r"\.[0-9a-f]{12}\.js$", name) for name in imported)
    assert all((collected / "js" / name).is_file() for name in imported)
    kit = (collected / storage.stored_name("css/kit.css")).read_text()
    assert re.search(
        r'url\("\.\./vendor/tabler/tabler\.min\.[0-9a-f]{12}\.css"\) layer\(kit\)', kit
    )


def test_templates_name_only_icons_of_the_sprite() -> None:
    named = {
        name
        for template in TEMPLATES
        for name in re.findall(r'(?:\{% icon |icon_name=)"([\w-]+)"', template.read_text())
    }
    assert named - ICONS == set()


def test_templates_name_only_static_files_that_exist() -> None:
    named = {
        name
        for template in TEMPLATES
        for name in re.findall(r"\{% static '([^']+)' %\}", template.read_text())
    }
    assert {name for name in named if not (ROOT / "static" / name).is_file()} == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_has_no_inline_style_or_script(template: Path) -> None:
    source = template.read_text()
    assert re.findall(r"\sstyle=|<style|\son[a-z]+=", source) == []
    scripts = re.findall(r"<script\b[^>]*>", source)
    assert [tag for tag in scripts if "src=" not in tag and "application/json" not in tag] == []
