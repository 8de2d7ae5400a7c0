"""A small real ledger, in a case folder of its own, with keys in a home of its own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faisceau.ledger import Draft, Ledger

CASE = "case-1"


class Clock:
    """A clock that goes on by a second each time it is looked at."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 9, 1, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


@pytest.fixture(autouse=True)
def keys_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches the keys of the person who runs it."""
    home = tmp_path / "home"
    monkeypatch.setenv("FAISCEAU_HOME", str(home))
    return home


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    return folder


@pytest.fixture
def ledger(case: Path) -> Ledger:
    """The ledger of a case in which nothing was done yet."""
    return Ledger.create(case, CASE, clock=Clock())


@pytest.fixture
def busy(ledger: Ledger) -> Ledger:
    """Seven entries under four checkpoints: 0, 1, 3 and 7 entries."""
    look = Draft("consultation", "only", "show message", "A1", reason="PR/2026/0417")
    ledger.append(look)
    ledger.append(look, look)
    ledger.append(look, look, look, look)
    return ledger
