"""Drawings of the state machines, from their tables: ``docs/states/<machine>.md``."""

from pathlib import Path

from django.conf import settings

from backoffice.core.transitions import Machine
from backoffice.workflow.moves import machines

HEAD = "<!-- Drawn from the table in code by `manage.py states_draw`; don't edit. -->"


def folder() -> Path:
    return Path(settings.BASE_DIR) / "docs" / "states"


def drawing(machine: Machine) -> str:
    """One machine as Markdown: a Mermaid state diagram and a table that says the same."""
    edges = [
        (source, target)
        for source, targets in machine.transitions.items()
        for target in sorted(targets)
    ]
    lines = [HEAD, "", f"# {machine.name}", "", "```mermaid", "stateDiagram-v2"]
    lines += [f"    {state}: {label}" for state, label in machine.labels.items()]
    lines += [f"    [*] --> {machine.initial}"]
    lines += [f"    {source} --> {target}" for source, target in edges]
    lines += [f"    {state} --> [*]" for state in sorted(machine.final)]
    lines += ["```", "", "| state | reads | may become |", "|---|---|---|"]
    for state, label in machine.labels.items():
        following = ", ".join(sorted(machine.transitions[state])) or "nothing: it is final"
        lines.append(f"| `{state}` | {label} | {following} |")
    return "\n".join(lines) + "\n"


def drawings() -> dict[Path, str]:
    """What each file should say."""
    return {folder() / f"{name}.md": drawing(machine) for name, machine in machines.items()}


def stale() -> list[str]:
    """Files that differ from their tables, are missing, or draw a machine that is gone."""
    wanted = drawings()
    found = set(folder().glob("*.md"))
    differing = {
        path for path, text in wanted.items() if not path.exists() or path.read_text() != text
    }
    return sorted(path.name for path in differing | (found - set(wanted)))
