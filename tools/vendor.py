"""Copy vendored front-end files anew from unpacked npm packages and write their checksums.

Usage: python tools/vendor.py FOLDER, where FOLDER holds one folder per package, `<name>-<version>`
with the scope joined by a dash (`tabler-core-1.6.1`), as `npm pack` and `tar` leave them.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tomllib
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
MANIFEST = VENDOR / "VENDOR.toml"
SOURCE_MAP = re.compile(rb"\s*(//|/\*)# sourceMappingURL=[^\n]*\s*$")


def package_folder(name: str, version: str) -> str:
    return f"{name.lstrip('@').replace('/', '-')}-{version}"


def main(folder: Path) -> None:
    manifest = MANIFEST.read_text()
    for package in tomllib.loads(manifest)["package"]:
        home = folder / package_folder(package["name"], package["version"])
        for path, entry in package["files"].items():
            content = (home / entry["from"]).read_bytes()
            if path.endswith((".css", ".js")):
                content = SOURCE_MAP.sub(b"\n", content)
            target = VENDOR / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            line = re.compile(rf'("{re.escape(path)}" = .*sha256 = )"[0-9a-f]*"')
            manifest = line.sub(rf'\1"{digest}"', manifest)
    MANIFEST.write_text(manifest)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
