"""A lexicon edited in a case: validated, kept as a further version, taken by an analysis."""

from pathlib import Path

import pytest

from faisceau.errors import BadInput, Damaged, NotFound, Refused, UsageError
from faisceau.tables.lexicons import load_lexicon
from faisceau.testing import Desk, mandate

TEXT = """\
version: 1
sources: {{usage: "Usage"}}
entries:
- concept: resin
  kinds: [product]
  meaning: {{fr: r, en: r}}
  terms: "{terms}"
  source: usage
  date: 2026-11-24
traits: []
scenes: []
contexts: []
"""


def test_a_version_is_kept_beside_those_before_it(desk: Desk) -> None:
    lexicons = desk.workspace().lexicons
    house = lexicons.text("stupefiants")
    first = lexicons.save("stupefiants", TEXT.format(terms="teuch"), "heard in E1")
    second = lexicons.save(first.called, TEXT.format(terms="teuch; pain"), "heard in E2")
    assert second.version == first.version + 1 > int(load_lexicon("stupefiants").version)
    assert [one.called for one in lexicons.listed()] == [second.called, first.called]
    assert load_lexicon(second.path).version == str(second.version)
    assert "teuch; pain" in lexicons.text(second.called)
    assert lexicons.text("stupefiants") == house
    closing = [e for e in desk.ledger if e.data.get("files_added")][-1]
    assert (closing.act, closing.data["version"]) == ("lexicon", second.version)
    assert not any("teuch" in str(e.data) for e in desk.ledger)
    assert desk.verify().ok
    second.path.chmod(0o644)
    second.path.write_text("changed")
    assert not desk.verify().ok
    with pytest.raises(Damaged):
        lexicons.text(second.called)


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nentries: [",
        "version: 1\n",
        TEXT.format(terms="(teuch"),
        TEXT.format(terms="{nothing}"),
        TEXT.format(terms="teuch").replace(
            "traits: []", "traits: [{trait: t, text: t, weight: 1, any: [x]}]"
        ),
        TEXT.format(terms="teuch").replace("version: 1\n", ""),
    ],
)
def test_what_does_not_hold_together_is_told_and_not_kept(desk: Desk, text: str) -> None:
    lexicons = desk.workspace().lexicons
    with pytest.raises(BadInput):
        lexicons.save("stupefiants", text, "a try")
    assert lexicons.listed() == []
    assert desk.verify().ok


def test_a_version_has_a_reason_and_comes_from_a_lexicon(desk: Desk, tmp_path: Path) -> None:
    lexicons = desk.workspace().lexicons
    (tmp_path / "l.yaml").write_text(TEXT.format(terms="teuch"))
    for called in (str(tmp_path / "l.yaml"), "nothing", "stupefiants 99", "../x"):
        with pytest.raises(NotFound):
            lexicons.text(called)
    with pytest.raises(UsageError):
        lexicons.save("stupefiants", TEXT.format(terms="teuch"), " ")
    roles = {"A1": ["lead"], "A2": ["auditor"]}
    other = Desk(tmp_path / "other", mandate(roles=roles), agent="A1")
    with pytest.raises(Refused):
        other.workspace("A2").lexicons.text("stupefiants")
