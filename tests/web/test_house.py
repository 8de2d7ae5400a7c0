"""The house of a server: one way to a workspace, pages found where they stand."""

import re
from pathlib import Path

import pytest

pytest.importorskip("nicegui")

import faisceau.web
from faisceau.case.workspace import Workspace
from faisceau.errors import NotFound, UsageError
from faisceau.testing import in_force
from faisceau.web.problems import NotOpened, NotSignedIn
from faisceau.web.server import page_modules
from faisceau.web.session import House, desk
from faisceau.web.settings import Settings

SOURCES = Path(faisceau.web.__file__).parent
MAKES = re.compile(r"\bWorkspace(?:\.open|\.create)?\(")


@pytest.fixture
def house(tmp_path: Path) -> House:
    for name in ("lille", "douai"):
        Workspace.create(tmp_path / name, in_force())
    (tmp_path / "notes").mkdir()
    return House(Settings(tmp_path))


def test_sessions_and_workers_alone_make_a_workspace() -> None:
    found = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        if MAKES.search(path.read_text())
    }
    assert found == {"session.py", "worker.py"}


def test_every_page_declares_its_routes() -> None:
    assert {"cases", "overview"} <= page_modules().keys()


def test_the_cases_are_the_folders_that_are_cases(house: House, tmp_path: Path) -> None:
    assert list(house.cases) == ["douai", "lille"]
    assert list(House(Settings(tmp_path / "lille")).cases) == ["lille"]
    for name in ("notes", "..", "../lille", ""):
        with pytest.raises(NotFound):
            house.folder(name)


def test_a_desk_needs_a_session_and_a_reason(house: House) -> None:
    _, session = house.begin("A1", "en")
    with pytest.raises(NotOpened):
        desk(session, "lille")
    with pytest.raises(UsageError, match="why"):
        house.open(session, "lille", " \n ")
    house.open(session, "lille", "requisition\n12")
    assert (desk(session, "lille").agent, desk(session, "lille").reason) == (
        "A1",
        "requisition 12",
    )
    with pytest.raises(NotOpened):
        desk(session, "douai")
    house.sign_out(session)
    with pytest.raises(NotSignedIn):
        desk(session, "lille")


def test_a_desk_is_kept_until_the_mandate_is_another(house: House) -> None:
    _, session = house.begin("A1", "en")
    first = house.open(session, "lille", "requisition 12")
    assert desk(session, "lille") is first
    first.replace_mandate(in_force(data=["message"]))
    assert desk(session, "lille").mandate.data == {"message"}
