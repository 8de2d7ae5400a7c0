"""The page of formats names every reader, and none that does not exist."""

import re
from pathlib import Path

from faisceau.case.plugins import plugins

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "formats.md"


def test_every_reader_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = {name.rstrip("/") for name in re.findall(r"\(`([a-z_]+/?)`\)", text)}
    assert named == set(plugins().readers)


def test_every_line_says_how_it_was_tested() -> None:
    rows = [
        line.strip("| ").split(" | ")
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if re.search(r"\(`[a-z_]+/?`\)", line)
    ]
    assert len(rows) == len(plugins().readers)
    assert all(len(row) == 5 and row[4] for row in rows)
