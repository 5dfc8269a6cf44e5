"""The whole product as `make run` starts it, for tests that walk it in a browser."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 300
PASSWORD = "demo-demo-demo"
READY = "The back office is at "


@dataclass
class Product:
    address: str
    var_dir: Path
    story: list[str] = field(default_factory=list)


@contextmanager
def running_product() -> Iterator[Product]:
    """Engines, demo data, sandbox, worker, beat and web in a folder of their own."""
    ours = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    with (
        tempfile.TemporaryDirectory(prefix="backoffice-day-") as var_dir,
        subprocess.Popen(
            [sys.executable, "-m", "tools.run"],
            cwd=ROOT,
            env=environment | {"BACKOFFICE_VAR": var_dir, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        limit = threading.Timer(START_LIMIT_S, process.terminate)
        limit.start()
        story: list[str] = []
        try:
            assert process.stdout is not None
            address = ""
            for line in process.stdout:
                story.append(line)
                if line.startswith(READY):
                    address = line.removeprefix(READY).strip()
                    break
            assert address, "".join(story[-60:])
            limit.cancel()
            # Someone has to read on, or the pipe fills and the product waits for us.
            reader = threading.Thread(target=story.extend, args=(process.stdout,), daemon=True)
            reader.start()
            yield Product(address, Path(var_dir), story)
        finally:
            limit.cancel()
            process.terminate()
            process.wait(60)
