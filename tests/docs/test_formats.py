"""The page of formats names every reader, profile and kind set aside, and none that is not."""

import re
from pathlib import Path

from faisceau.case.plugins import plugins
from faisceau.evidence.profiles import shipped_profiles
from faisceau.evidence.recognised import KNOWN

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


def table(heading: str) -> list[list[str]]:
    """The cells of the rows under a heading, without the table's own head."""
    part = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [row.strip("| ").split(" | ") for row in part.splitlines() if row.startswith("|")][2:]


def test_every_shipped_profile_is_on_the_page_with_its_table_and_use() -> None:
    use = {True: "when named", False: "by its headers"}
    shipped = {(f"`{p.name}`", p.table, use[p.named]) for p in shipped_profiles().values()}
    assert {(row[0], row[1], row[2]) for row in table("Profiles")} == shipped


def test_every_kind_that_is_set_aside_is_on_the_page() -> None:
    named = [kind for row in table("Recognised and set aside") for kind in row[0].split(", ")]
    assert sorted(named) == sorted({known.what for known in KNOWN})


def test_every_container_says_how_it_was_tested() -> None:
    assert all(len(row) == 5 and row[4] for row in table("Containers"))
