"""One suite over every reader and every analysis found, third parties' included."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from faisceau.analyses import Analysis
from faisceau.case.plugins import plugins
from faisceau.evidence.reading import Head, Reader, Source, read_rows
from faisceau.tables.schemas import Batch, Row
from faisceau.testing import check_analysis, check_reader, member

KNOWN = plugins()


@pytest.mark.parametrize("reader", KNOWN.readers.values(), ids=KNOWN.readers)
def test_reader_conforms(reader: Reader) -> None:
    check_reader(reader)


@pytest.mark.parametrize("analysis", KNOWN.analyses.values(), ids=KNOWN.analyses)
def test_analysis_conforms(analysis: Analysis) -> None:
    check_analysis(analysis)


def test_no_plugin_failed() -> None:
    assert KNOWN.failed == ()


def real_files(shared: Path) -> Iterator[Path]:
    yield from sorted(p for p in shared.rglob("*") if p.is_file())


def test_no_two_readers_claim_the_same_real_file(shared: Path) -> None:
    for path in real_files(shared):
        content = path.read_bytes()
        head = Head.of(member(path.name, content))
        claims = [name for name, reader in KNOWN.readers.items() if reader.detect(head)]
        assert len(claims) <= 1, f"{path.name}: {claims}"


@pytest.mark.parametrize(
    "name", ["msgstore.db", "ufed-model-chat.xml", "whatsapp-export-pokemon.txt"]
)
def test_what_a_reader_says_of_a_real_file_adds_up(shared: Path, name: str) -> None:
    source = Source(member(name, (shared / "phones" / name).read_bytes()))
    [reader] = [r for r in KNOWN.readers.values() if r.detect(source.head)]
    rows = 0
    for item, _ in read_rows(reader, source):
        assert item.schema in reader.FILLS
        if isinstance(item, Batch):
            rows += item.columns.num_rows
            named = item.schema.fillable
            assert all(
                item.columns.schema.field(n).type == named[n].type
                for n in item.columns.schema.names
            )
        else:
            assert isinstance(item, Row)
            rows += 1
            for column, value in item.values.items():
                pa.array([value], item.schema.columns[column].type)
    assert rows > 0
    assert not source.tally.rejects, source.tally.rejects[:3]
