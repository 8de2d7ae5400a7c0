"""Counting what happened by table and stretch of time, in the case's zone."""

from datetime import UTC, datetime

import pytest

from faisceau.case.masking import MARK
from faisceau.case.pictures import Part
from faisceau.case.pictures.timeline import aware, stretch_of
from faisceau.errors import UsageError
from faisceau.testing import Desk


def on_the_clock(*parts: int) -> datetime:
    """What a clock on the wall shows: of no zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


TALK = """\
app,sender_id,recipients,sent_at,text
sms,+33611111111,+33622222222,2026-09-01T21:59:00Z,before midnight in Paris
sms,+33611111111,+33622222222,2026-09-01T22:01:00Z,after midnight in Paris
sms,+33622222222,+33611111111,2026-09-03T10:00:00Z,two days later
"""
CALLS = """\
caller,callee,started_at
+33611111111,+33622222222,2026-09-02T08:00:00Z
+33611111111,+33633333333,
"""
READS = """\
plate,camera_id,read_at
AB-123-CD,A6,2026-09-20T10:00:00Z
"""


def test_each_table_is_counted_by_the_hour_day_or_month_of_paris(desk: Desk) -> None:
    desk.add("talk.csv", TALK)
    desk.add("calls.csv", CALLS)
    told = desk.workspace().pictures.timeline()
    assert told.unit == "hour"
    days = {s.table: s for s in desk.workspace().pictures.timeline(unit="day").series}
    assert days["message"].counts == {
        on_the_clock(2026, 9, 1): 1,
        on_the_clock(2026, 9, 2): 1,
        on_the_clock(2026, 9, 3): 1,
    }
    assert (days["call"].total, days["call"].undated) == (1, 1)
    [month] = desk.workspace().pictures.timeline(unit="month").stretches
    assert month == on_the_clock(2026, 9, 1)


def test_a_range_is_counted_alone_and_its_rows_are_shown_in_order(desk: Desk) -> None:
    desk.add("talk.csv", TALK)
    since, until = stretch_of(on_the_clock(2026, 9, 2), "day", "Europe/Paris")
    assert (since, until) == (
        datetime(2026, 9, 1, 22, tzinfo=UTC),
        datetime(2026, 9, 2, 22, tzinfo=UTC),
    )
    pictures = desk.workspace().pictures
    assert pictures.timeline(since, until).series[0].total == 1
    found = pictures.moments("message", Part(since=since, until=until))
    assert [row["text"] for row in found.rows] == ["after midnight in Paris"]
    assert found.total == 1


def test_the_day_when_clocks_change_loses_nothing(desk: Desk) -> None:
    lines = [f"sms,A,B,2026-10-{d}T{h:02}:30:00Z,x" for d in (24, 25) for h in range(24)]
    desk.add("talk.csv", "app,sender_id,recipients,sent_at,text\n" + "\n".join(lines) + "\n")
    [series] = desk.workspace().pictures.timeline(unit="day").series
    assert series.counts == {
        on_the_clock(2026, 10, 24): 22,
        on_the_clock(2026, 10, 25): 25,
        on_the_clock(2026, 10, 26): 1,
    }
    [hours] = desk.workspace().pictures.timeline(unit="hour").series
    assert hours.counts[on_the_clock(2026, 10, 25, 2)] == 2
    since, until = stretch_of(on_the_clock(2026, 10, 25, 2), "hour", "Europe/Paris")
    assert desk.workspace().pictures.moments("message", Part(since=since, until=until)).total == 2


def test_reads_of_no_procedure_stay_out_without_authorisation(desk: Desk) -> None:
    desk.add("talk.csv", TALK)
    desk.add("reads.csv", READS)
    told = desk.workspace().pictures.timeline()
    assert [s.table for s in told.series] == ["message"]
    [untold] = told.untold
    assert untold.table == "plate_read"
    assert "lapi_scan" in untold.decision.text()


def test_the_ledger_tells_that_the_timeline_was_looked_at(desk: Desk) -> None:
    desk.add("talk.csv", TALK)
    desk.workspace().pictures.timeline()
    opening, closing = desk.ledger[-2:]
    assert (opening.operation, opening.act) == ("consultation", "rows")
    assert closing.data["rows"] == 3


def test_identities_of_other_procedures_stay_masked(desk: Desk) -> None:
    desk.add(
        "trips.csv",
        "procedure,person_ref,carrier,number,departed_at,payer\n"
        "PV-1,P1,AF,AF750,2026-09-02T10:00:00Z,Jean Payeur\n",
    )
    zone = "Europe/Paris"
    since, until = aware(on_the_clock(2026, 9, 1), zone), aware(on_the_clock(2026, 10, 1), zone)
    found = desk.workspace().pictures.moments("trip", Part(since=since, until=until))
    [row] = found.rows
    assert row["procedure"] == "PV-1"
    assert row["payer"].startswith(MARK)


def test_what_is_no_unit_is_told(desk: Desk) -> None:
    with pytest.raises(UsageError, match="fortnight"):
        desk.workspace().pictures.timeline(unit="fortnight")
