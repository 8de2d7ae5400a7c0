"""The French catalogue: gathers the texts of the house, keeps their translations, compiles them.

Run by ``make words``, beside :mod:`faisceau.words`, which reads what this writes. Nothing here
runs when a case is worked on. ``locale/fr/LC_MESSAGES/faisceau.po`` is the file to translate in
(GNU gettext, https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html);
``faisceau.mo`` is compiled from it. Neither holds a date nor a version: the same texts give the
same bytes.
"""

import sys
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HOUSE = Path(__file__).parent
PO = HOUSE / "locale" / "fr" / "LC_MESSAGES" / "faisceau.po"
MO = PO.with_suffix(".mo")
MARKS = {"N_": None, "say": None}


class _Undated(Catalog):  # type: ignore[misc]  # Babel's types are not followed
    """A catalogue whose header says nothing of when or with what it was made."""

    def __init__(self) -> None:
        super().__init__(locale="fr", header_comment="# The French of Faisceau.", fuzzy=False)

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """The header's lines."""
        return [
            ("Language", "fr"),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]


@cache
def templates() -> dict[str, list[str]]:
    """Every text that a person may read, with the places that say it, in a fixed order.

    Marked texts come from the sources. Those that stand as data (what tables, columns, analyses
    and parameters mean, the scenes of lexicons, the words of mandates and of findings) are asked
    of the registries.
    """
    found: dict[str, list[str]] = {}
    for text, place in (*_marked(), *_declared()):
        places = found.setdefault(text, [])
        if place not in places:
            places.append(place)
    found.pop("", None)
    return found


def translations() -> dict[str, str]:
    """The French of each template in the ``.po`` file; those without any are left out."""
    return _translations(PO.read_bytes()) if PO.exists() else {}


def untranslated() -> list[str]:
    """The templates that have no French yet."""
    known = translations()
    return [text for text in templates() if not known.get(text)]


def merged() -> bytes:
    """The ``.po`` file as it should be: today's templates, with the French they had."""
    known = translations()
    catalogue = _Undated()
    for text, places in templates().items():
        where = [(place, None) for place in places]
        catalogue.add(text, known.get(text, ""), locations=where)
    return _written(write_po, catalogue, width=100, include_lineno=False)


def compiled(po: bytes) -> bytes:
    """The ``.mo`` file that a ``.po`` file compiles to."""
    catalogue = _Undated()
    for text, french in _translations(po).items():
        catalogue.add(text, french)
    return _written(write_mo, catalogue)


def main() -> int:
    """Write both files anew; tells what has no French and returns how the command ends."""
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_bytes(merged())
    MO.write_bytes(compiled(PO.read_bytes()))
    missing = untranslated()
    for text in missing:
        print(f"no French: {text!r}")
    print(f"{len(templates())} texts, {len(missing)} without French: {PO.relative_to(HOUSE)}")
    return 1 if missing else 0


def _marked() -> Iterator[tuple[str, str]]:
    for path in sorted(HOUSE.rglob("*.py")):
        place = path.relative_to(HOUSE).as_posix()
        for _, _, given, _ in extract_python(BytesIO(path.read_bytes()), MARKS, (), {}):
            text = given[0] if isinstance(given, tuple) else given
            yield text or "", place


def _declared() -> Iterator[tuple[str, str]]:
    from faisceau.case.plugins import plugins
    from faisceau.findings.model import SUBJECT_TYPES, Status
    from faisceau.mandate.vocabulary import KINDS, QUALITIES, REGIMES, ROLES
    from faisceau.tables.schemas import MENTION, REJECT, TABLES

    for schema in (*TABLES.values(), MENTION, REJECT):
        for text in (schema.meaning, *(column.meaning for column in schema)):
            yield text, f"table:{schema.name}"
    for name, analysis in plugins().analyses.items():
        yield analysis.method, f"analysis:{name}"
        for field in analysis.params.model_fields.values():
            yield field.description or "", f"analysis:{name}"
    for path in sorted(HOUSE.glob("analyses/*/lexicons/*.yaml")):
        for items in yaml.safe_load(path.read_bytes()).values():
            told = [i for i in items if isinstance(i, dict)] if isinstance(items, list) else []
            yield from (
                (i["text"], path.relative_to(HOUSE).as_posix()) for i in told if "text" in i
            )
    yield from ((word, "mandate") for word in (*KINDS, *QUALITIES, *REGIMES, *ROLES))
    yield from ((str(word), "finding") for word in (*Status, *sorted(SUBJECT_TYPES)))


def _translations(po: bytes) -> dict[str, str]:
    catalogue = read_po(BytesIO(po), locale="fr", abort_invalid=True)
    return {m.id: m.string for m in catalogue if m.id and m.string}


def _written(write: Any, catalogue: _Undated, **how: Any) -> bytes:
    buffer = BytesIO()
    write(buffer, catalogue, **how)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
