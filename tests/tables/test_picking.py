"""Rows picked by their ids: the same that the engine gives, under the same rules."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis import _

from faisceau.errors import Confined, Damaged
from faisceau.mandate.permit import RowRule
from faisceau.tables.engine import DuckEngine
from faisceau.tables.lake import STORED, Lake, Segment
from faisceau.tables.picking import Picker
from faisceau.tables.schemas.schema import Selection

from .conftest import MESSAGES, PermitFor, batch, end

MESSAGE = STORED["message"]
SHOWN = Selection(MESSAGE, tuple(n for n in MESSAGE.columns if n != "row_id"))
IDS = [int(str(row["exhibit_id"])[1:]) * 2**32 + n for n, row in enumerate(MESSAGES)]
RULES = {
    "none": None,
    "no limit": RowRule(),
    "exhibits": RowRule(exhibits=("E2", "E3")),
    "time": RowRule(since="2026-03-02T00:00:00+00:00", time_column="sent_at"),
    "people": RowRule(participants=("+33601",), participant_columns=("sender_id", "recipients")),
    "procedures": RowRule(procedures=("PV-2026*",)),
    "nothing": RowRule(exhibits=()),
}
"""Rules of every sort that messages may have."""


@pytest.fixture
def segments(lake: Lake, permit_for: PermitFor) -> list[Segment]:
    """The first exhibit in one segment, the others in another."""
    made = []
    rows = batch(MESSAGE, MESSAGES).to_pylist()
    numbered = [{**row, "row_id": row_id} for row, row_id in zip(rows, IDS, strict=True)]
    for token, exhibits in (("1", [1]), ("2", [2, 3])):
        with lake.writing(permit_for("add"), token) as writer:
            for number in exhibits:
                writer.exhibit(number)
                mine = [row for row in numbered if row["row_id"] >> 32 == number]
                writer.append(MESSAGE, pa.RecordBatch.from_pylist(mine, schema=MESSAGE.arrow))
            made += writer.finish()
    return made


@pytest.fixture(params=["by pages", "by groups"])
def laid(request: pytest.FixtureRequest, lake: Lake, segments: list[Segment]) -> list[Segment]:
    """The segments, and those of a case that was made before segments had pages to read."""
    if request.param == "by groups":
        for segment in segments:
            path = lake.case / segment.path
            pq.write_table(pq.read_table(path), path)
    return segments


@pytest.mark.parametrize("rule", RULES)
def test_the_engine_and_the_picker_agree(
    lake: Lake, laid: list[Segment], permit_for: PermitFor, tmp_path: Path, rule: str
) -> None:
    limits = RULES[rule]
    permit = permit_for("search", rows={} if limits is None else {"message": limits})
    wanted = [*IDS[1:], 999]
    with DuckEngine(permit, lake, laid, [SHOWN], scratch=tmp_path / "s") as engine:
        messages = engine.tables["message"]
        expected = list(engine.rows(messages.filter(_.row_id.isin(wanted)).order_by("row_id")))
    picked = Picker(lake).pick(permit, laid, SHOWN, wanted)
    assert sorted(picked, key=lambda row: int(row["row_id"])) == expected


def test_without_a_permit_nothing_is_picked(
    lake: Lake, segments: list[Segment], permit_for: PermitFor
) -> None:
    picker = Picker(lake)
    permit = permit_for("search", {"message": frozenset({"text"})})
    [row] = picker.pick(permit, segments, Selection(MESSAGE, ("text",)), IDS[:1])
    assert row == {"row_id": IDS[0], "text": "Été à Lille"}
    with pytest.raises(Confined, match="sender_id"):
        picker.pick(permit, segments, Selection(MESSAGE, ("sender_id",)), IDS[:1])
    with pytest.raises(Confined, match="does not cover"):
        picker.pick(permit_for("review"), segments, SHOWN, IDS)
    end(permit)
    with pytest.raises(Confined, match="No permit"):
        picker.pick(permit, segments, Selection(MESSAGE, ("text",)), IDS[:1])


def test_a_segment_that_is_gone_is_known_no_more(
    lake: Lake, segments: list[Segment], permit_for: PermitFor
) -> None:
    picker, permit = Picker(lake), permit_for("search")
    assert len(picker.pick(permit, segments, SHOWN, IDS)) == len(IDS)
    lake.discard(permit_for("withdraw"), [segments[0].path])
    assert len(picker.pick(permit, segments[1:], SHOWN, IDS)) == 3
    with pytest.raises(Damaged, match="message"):
        picker.pick(permit, segments, SHOWN, IDS)
