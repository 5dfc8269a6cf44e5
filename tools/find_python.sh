#!/bin/sh
# Print a command that is Python 3.11 or newer, or say what to do.
for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14 python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$candidate"
        exit 0
    fi
    if [ "$candidate" = "${PYTHON:-}" ]; then
        echo "PYTHON=$candidate is not Python 3.11 or newer." >&2
        exit 1
    fi
done
if command -v uv >/dev/null 2>&1 && found=$(uv python find '>=3.11' 2>/dev/null); then
    echo "$found"
    exit 0
fi
found=$(python3 --version 2>&1 || true)
echo "Python 3.11 or newer is needed, and this machine has: ${found:-none}." >&2
echo "Install it (on Debian or Ubuntu: apt install python3 python3-venv) or name it: make PYTHON=/path/to/python3.13" >&2
exit 1
