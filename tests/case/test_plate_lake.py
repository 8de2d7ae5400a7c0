"""Reads that keep arriving are appended; what that leaves small is merged, rows unchanged."""

from pathlib import Path

import pytest

from faisceau.case import adding
from faisceau.testing import Desk

OWN = "PR/2026/0417"


def add(desk: Desk, minute: int) -> None:
    read = f"AA-123-AA,C1,2026-10-01T06:{minute:02}:00Z"
    desk.add(f"{minute}.csv", f"plate,camera_id,read_at\n{read}\n", procedure=OWN)


def segments(desk: Desk) -> dict[Path, int]:
    """The files of the lake, and when each was written."""
    files = (desk.case / "tables" / "plate_read").iterdir()
    return {path: path.stat().st_mtime_ns for path in sorted(files)}


def test_an_append_rewrites_nothing(desk: Desk) -> None:
    add(desk, 0)
    before = segments(desk)
    add(desk, 1)
    after = segments(desk)
    assert {path: after[path] for path in before} == before
    assert len(after) == 2


def test_many_small_segments_become_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "MANY", 3)
    for minute in range(3):
        add(desk, minute)
    before = desk.rows("plate_read")
    add(desk, 3)
    assert len(segments(desk)) == 2, "the three before, and the new one"
    assert desk.rows("plate_read")[:3] == before
    assert len(desk.rows("plate_read")) == 4
    desk.workspace().withdraw("E2", "ordonnance")
    assert [row["exhibit_id"] for row in desk.rows("plate_read")] == ["E1", "E3", "E4"]
    assert desk.verify().ok
