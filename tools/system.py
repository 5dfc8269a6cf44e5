"""What the product needs from the machine and pip can't bring: text libraries, fonts, Chromium.

    python -m tools.system run     what `make run` needs
    python -m tools.system test    that, and a Chromium for the browser tests

Each need is tried for real; what is missing comes from apt when we are root, else a sentence
says the command.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from tools.errors import SetupError
from tools.install import ROOT, STAMP

APT_TIMEOUT_S = 900
TRY_TIMEOUT_S = 120
TEXT_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core")
# The first does a quarter of the work of the others: it has no window to keep.
CHROMIUM_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
CHROMIUM_PACKAGES = CHROMIUM_NAMES[:2]
CHROMIUM_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")

# A page with a word in it: without fonts the PDF comes out, and is empty.
PDF_TRIAL = """
import io, sys, warnings
warnings.simplefilter("ignore")
import pypdf, weasyprint
from weasyprint.text.ffi import harfbuzz_subset
page = weasyprint.HTML(string="<p>Ledger</p>").write_pdf()
text = pypdf.PdfReader(io.BytesIO(page)).pages[0].extract_text()
sys.exit(harfbuzz_subset is None or "Ledger" not in text)
"""

PLAYWRIGHT_PATH = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


def succeeds(command: list[str | Path]) -> bool:
    """Whether a command runs and ends well."""
    try:
        result = subprocess.run(
            command, cwd=ROOT, capture_output=True, timeout=TRY_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0


def can_make_pdf() -> bool:
    return succeeds([sys.executable, "-c", PDF_TRIAL])


def chromium_path() -> str | None:
    """A Chromium that runs: CHROMIUM of the environment, an installed one, or Playwright's."""
    named = [os.environ.get("CHROMIUM"), *map(shutil.which, CHROMIUM_NAMES), str(CHROMIUM_MAC)]
    running = (path for path in named if path and succeeds([path, "--version"]))
    return next(running, None) or playwright_chromium()


def playwright_chromium() -> str | None:
    """Playwright's own download when it is there and runs.

    Asked in a process of its own: Playwright refuses a thread that has an event loop already.
    """
    command = [sys.executable, "-c", PLAYWRIGHT_PATH]
    answer = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=TRY_TIMEOUT_S, check=False
    )
    path = answer.stdout.strip()
    return path if path and succeeds([path, "--version"]) else None


def apt_install(packages: tuple[str, ...]) -> bool:
    """Install Debian packages when this machine lets us; whether apt said that it did."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return False
    print(f"Installing {', '.join(packages)} (apt).", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "--yes", "-qq", "--no-install-recommends", *packages]
    for command in ([apt, "update", "-qq"], install):
        result = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            timeout=APT_TIMEOUT_S,
            check=False,
        )
    return result.returncode == 0


def ensure_pdf() -> None:
    """Everything that PDF reports need, or SetupError with the command that brings it."""
    if can_make_pdf() or (apt_install(TEXT_PACKAGES) and can_make_pdf()):
        return
    if platform.system() == "Darwin":
        raise SetupError("PDF reports need Pango. Run: brew install pango")
    raise SetupError(
        "PDF reports need Pango, HarfBuzz and a font, and they don't load on this machine.\n"
        f"On Debian or Ubuntu run: sudo apt-get install {' '.join(TEXT_PACKAGES)}\n"
        "Elsewhere install Pango, harfbuzz-subset and the DejaVu fonts. Then try again."
    )


def ensure_chromium() -> None:
    """A Chromium for the browser tests: an installed one, Debian's, or Playwright's download."""
    if chromium_path() or any(
        apt_install((name,)) and chromium_path() for name in CHROMIUM_PACKAGES
    ):
        return
    print("Downloading a Chromium (playwright).", flush=True)
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    result = subprocess.run(command, timeout=APT_TIMEOUT_S, check=False)
    if result.returncode == 0 and chromium_path():
        return
    raise SetupError(
        "The browser tests need Chromium, and none runs here. Install one (on Debian: sudo "
        "apt-get install chromium-headless-shell) or set CHROMIUM=/path/to/it, then try again."
    )


NEEDS = {"run": (ensure_pdf,), "test": (ensure_pdf, ensure_chromium)}


def ensure(need: str) -> None:
    """Try each need once per environment: what was found stays found."""
    found = STAMP.with_name(f".system-{need}")
    if found.exists() and found.read_text() == STAMP.read_text():
        return
    for each in NEEDS[need]:
        each()
    found.write_text(STAMP.read_text())


if __name__ == "__main__":
    try:
        ensure(sys.argv[1])
    except SetupError as error:
        sys.exit(str(error))
