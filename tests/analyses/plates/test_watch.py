"""Wanted plates among arriving reads."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from faisceau.analyses.plates._plates import alike, compacted
from faisceau.analyses.plates.watch import NextCameras, WantedIndex, Watcher

PLATES = st.text("AB8O0DI1S5Z2", min_size=1, max_size=7)
START = datetime(2026, 9, 1, 8, tzinfo=UTC)


@given(st.lists(PLATES, min_size=1, max_size=8), st.lists(PLATES, max_size=20))
def test_the_index_finds_what_comparing_each_with_each_finds(
    wanted: list[str], read: list[str]
) -> None:
    found = {(hit.row, hit.wanted) for hit in WantedIndex(wanted).hits(pa.array(read, pa.string()))}
    expected = {
        (row, plate)
        for row, text in enumerate(read)
        for plate in wanted
        if (text == plate if text in wanted else alike(text, plate))
    }
    assert found == expected


def test_without_tolerance_plates_are_exact_however_written() -> None:
    index = WantedIndex(["AB-123-CD"], tolerant=False)
    hits = index.hits(pa.array(["ab 123 cd", "A8-123-CD", None, "AB123CD"]))
    assert [(hit.row, hit.exact) for hit in hits] == [(0, True), (3, True)]


def batch(*reads: tuple[str, str, int]) -> pa.RecordBatch:
    plate, camera, second = zip(*reads, strict=True)
    at = pa.array([START + timedelta(seconds=s) for s in second], pa.timestamp("us", "UTC"))
    return pa.record_batch([list(plate), list(camera), at], ["plate", "camera_id", "read_at"])


def test_an_alert_is_told_once_and_says_what_may_come_next() -> None:
    past = [(f"P{n}", camera, 60 * k) for n in range(9) for k, camera in enumerate("ABC")]
    watcher = Watcher(WantedIndex(["XX-111-XX"]), NextCameras([batch(*past)]))
    reads = (("XX-111-XX", "A", 0), ("XX-1I1-XX", "A", 20), ("YY-999-YY", "A", 30))
    [first] = list(watcher.look(batch(*reads)))
    assert (first.camera, first.exact, first.row) == ("A", True, 0)
    assert [(o.camera, o.share, o.usual_s) for o in first.onward] == [("B", 1.0, 60)]
    [second] = list(watcher.look(batch(("XX-111-XX", "B", 70))))
    assert (second.row, [o.camera for o in second.onward]) == (3, ["C"])


def test_compact_plates_hold_letters_and_digits() -> None:
    assert compacted(" ab-123.cd ") == "AB123CD"
