"""Build static/icons.svg, the sprite of the Tabler icons that the portal uses.

Usage: python tools/icons.py FOLDER, where FOLDER is the unpacked npm package @tabler/icons. Add a
name to tools/icons.txt when a template needs one; a name that the package lacks stops the run.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

SPRITE = Path(__file__).resolve().parent.parent / "static" / "icons.svg"

NAMES = Path(__file__).with_name("icons.txt").read_text().split()

PATH = re.compile(r'<(?:path|circle|rect|line|polyline)\b(?:[^>"]|"[^"]*")*/>')
INVISIBLE = 'd="M0 0h24v24H0z"'


def symbol(name: str, source: str) -> str:
    shapes = [shape for shape in PATH.findall(source) if INVISIBLE not in shape]
    inner = "".join(re.sub(r"\s+", " ", shape).replace(" />", "/>") for shape in shapes)
    return f'<symbol id="i-{name}" viewBox="0 0 24 24">{inner}</symbol>'


def main(package: Path) -> None:
    outline = package / "icons" / "outline"
    symbols = [symbol(name, (outline / f"{name}.svg").read_text()) for name in sorted(set(NAMES))]
    SPRITE.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
