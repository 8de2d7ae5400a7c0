"""What the tests of several readers need: valid rows of any table."""

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import strategies as st

from faisceau.evidence.folding import folded
from faisceau.evidence.native.values import DIRECTIONS
from faisceau.evidence.reading import Member, Source
from faisceau.tables.schemas.schema import COINS, DATE, STRING, STRINGS, TIME, Column, Schema

SAMPLE_BYTES = 1 << 20
Rows = Callable[[Schema], st.SearchStrategy[list[dict[str, Any]]]]

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)
FIRST, LAST = datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2099-12-30")
VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    STRING: TEXT,
    STRINGS: st.lists(TEXT, min_size=1, max_size=3),
    TIME: st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    DATE: st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    pa.int64(): st.integers(0, 2**53),
    pa.float64(): st.floats(allow_nan=False, allow_infinity=False),
    pa.bool_(): st.booleans(),
    COINS: st.lists(
        st.fixed_dictionaries({"address": TEXT, "value": st.floats(0, 1e6) | st.none()}),
        min_size=1,
        max_size=3,
    ),
}


@pytest.fixture(scope="session")
def valid_rows() -> Rows:
    """A strategy for rows of a table: its anchors always, other columns sometimes."""

    synonyms = {word for words in DIRECTIONS.values() for word in words.split()}

    def text_of(column: Column) -> st.SearchStrategy[Any]:
        """Values that mean themselves: not another word for one of the list, as ``OUTGOING``."""
        if column.values:
            return st.sampled_from(column.values)
        if column.name == "direction":
            return TEXT.filter(lambda text: text in DIRECTIONS or folded(text) not in synonyms)
        return VALUES[column.type]

    def rows(schema: Schema) -> st.SearchStrategy[list[dict[str, Any]]]:
        anchors = schema.anchors or schema.anchors_any or (schema.own[0].name,)
        columns = {column.name: text_of(column) for column in schema.own}
        said = {
            name: columns[name].filter(lambda v: not isinstance(v, str) or bool(v.strip()))
            for name in anchors
        }
        others = {name: value for name, value in columns.items() if name not in anchors}
        row = st.fixed_dictionaries(said, optional={**others, "ref": TEXT, "procedure": TEXT})
        return st.lists(row, min_size=1, max_size=5)

    return rows


@pytest.fixture(autouse=True)
def _recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``FAISCEAU_SAMPLES``, keep there each file that a test reads: fuzzing's seeds."""
    folder = os.environ.get("FAISCEAU_SAMPLES")
    if not folder:
        return
    begin = Source.__init__

    def recording(self: Source, member: Member, *rest: Any, **more: Any) -> None:
        begin(self, member, *rest, **more)
        with member.open() as stream:
            content = stream.read(SAMPLE_BYTES)
        name = f"{hashlib.sha256(content).hexdigest()[:16]}~{PurePosixPath(member.name).name}"
        Path(folder, name).write_bytes(content)

    monkeypatch.setattr(Source, "__init__", recording)
