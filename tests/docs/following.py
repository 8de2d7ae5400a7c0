"""A how-to page as commands to follow: its files, what is typed, what is printed."""

import re
from pathlib import Path

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
_FILE = re.compile(r"^`([\w./-]+)`:\n\n```csv\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def write_files(page: str) -> None:
    """Write the files that the page shows, below the current folder."""
    for name, content in _FILE.findall(page):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content, "utf-8")


def steps(page: str) -> list[tuple[str, list[str]]]:
    """Each command of the page, and the lines under it, which it prints among others."""
    found: list[tuple[str, list[str]]] = []
    for block in _CONSOLE.findall(page):
        for line in block.splitlines():
            if line.startswith("$ faisceau "):
                found.append((line.removeprefix("$ faisceau "), []))
            else:
                found[-1][1].append(line)
    return found
