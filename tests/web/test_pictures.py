"""Timeline, network and map in a real browser: from the keyboard, from this machine alone."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faisceau.case.workspace import Workspace
from faisceau.testing import in_force

from .conftest import started, stopped

EVIL = "<img src=x onerror='window.hacked = 1'>"
TALK = f"""\
app,sender_id,sender_name,recipients,sent_at,text
sms,+33611111111,"{EVIL}",+33622222222,2026-09-01T10:00:00Z,"{EVIL} bonjour"
sms,+33622222222,Momo,+33611111111,2026-09-02T10:00:00Z,deuxième
sms,+33622222222,Momo,+33633333333,2026-09-02T11:00:00Z,troisième
"""
READS = """\
plate,camera_id,read_at,latitude,longitude,procedure
AB-123-CD,A1,2026-09-01T10:00:00Z,50.63,3.06,PR/2026/0417
AB-123-CD,A2,2026-09-01T11:00:00Z,49.44,1.10,PR/2026/0417
EF-456-GH,A1,2026-09-01T12:00:00Z,50.63,3.06,PR/2026/0417
"""


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A case with messages whose names are markup, and plate reads with places."""
    folder = tmp_path_factory.mktemp("pictures")
    before = os.environ.get("FAISCEAU_HOME")
    os.environ["FAISCEAU_HOME"] = str(folder / "home")
    work = Workspace.create(folder / "case", in_force())
    for name, content in (("talk.csv", TALK), ("reads.csv", READS)):
        (folder / name).write_text(content)
    assert [added.error for added in work.add([folder / "talk.csv", folder / "reads.csv"])] == [
        None,
        None,
    ]
    yield folder / "case"
    if before is None:
        del os.environ["FAISCEAU_HOME"]
    else:
        os.environ["FAISCEAU_HOME"] = before


@pytest.fixture(autouse=True)
def _same_keys(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAISCEAU_HOME", str(case.parent / "home"))


@pytest.fixture(scope="module")
def page(case: Path, browser: Any) -> Iterator[Any]:
    """A page in the case; what the console complains of, or asks from elsewhere, fails."""
    complaints: list[str] = []
    served = started(case)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    opened.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    near = (served.url, "data:", "blob:")
    opened.on("request", lambda r: None if r.url.startswith(near) else complaints.append(r.url))
    opened.goto(served.link)
    opened.get_by_label("Reason").fill("requisition 12")
    opened.get_by_role("button", name="Open").click()
    opened.wait_for_url("**/case/case")
    yield opened
    assert opened.evaluate("window.hacked") is None
    context.close()
    stopped(served)
    assert complaints == []


def go(page: Any, path: str) -> None:
    page.goto(page.url.split("/case/")[0] + "/case/case" + path)
    page.locator("h1").wait_for()


def as_table(page: Any) -> None:
    page.get_by_role("button", name="The same as a table").press("Enter")


def test_a_count_of_the_timeline_opens_its_rows(page: Any) -> None:
    go(page, "/timeline")
    page.get_by_text("6 observations from 01/09/2026").wait_for()
    page.locator("canvas").first.wait_for()
    as_table(page)
    page.get_by_role("button", name="1 messages, 01/09/2026 12:00").press("Enter")
    page.get_by_role("heading", name="messages · 01/09/2026 12:00").wait_for()
    assert page.get_by_text(f"{EVIL} bonjour").is_visible()
    page.get_by_label("Until").fill("2026-09-01")
    page.get_by_text("4 observations from").wait_for()


def test_the_network_is_drawn_from_a_subject_kept_and_exported(page: Any, case: Path) -> None:
    go(page, "/graph")
    page.get_by_text("3 nodes, 2 ties").wait_for()
    page.get_by_label("A number, a name, an account").fill("momo")
    page.get_by_role("button", name="Find", exact=True).click()
    page.get_by_role("button", name="Momo (+33622222222)").first.click()
    page.get_by_role("heading", name="Momo (+33622222222)").wait_for()
    assert page.get_by_role("button", name=f"{EVIL} (+33611111111)").first.is_visible()
    page.get_by_role("button", name="Pin", exact=True).click()
    page.get_by_role("button", name="Unpin").wait_for()
    page.get_by_label("Name of this view").fill("around Momo")
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="around Momo", exact=True).wait_for()
    with page.expect_download() as coming:
        page.get_by_role("button", name="GraphML").click()
    assert "+33622222222" in Path(coming.value.path()).read_text("utf-8")
    with page.expect_download() as coming:
        page.get_by_role("button", name="PNG").click()
    assert Path(coming.value.path()).read_bytes().startswith(b"\x89PNG")
    entries = Workspace.open(case).ledger_entries()
    assert [e.operation for e in entries].count("disclosure") == 4  # two acts, opened and closed
    page.get_by_role("button", name="messages", exact=True).click()
    page.get_by_text("1 nodes, 0 ties").wait_for()


def test_the_map_shows_spots_and_follows_a_plate_without_leaving_the_machine(page: Any) -> None:
    go(page, "/map")
    page.get_by_text("3 rows with a place in 2 spots").wait_for()
    page.get_by_text("Outlines: IGN").wait_for()
    page.wait_for_timeout(1500)  # the view settles on what there is
    as_table(page)
    page.get_by_role("button", name="A1").press("Enter")
    page.get_by_text("Lille").first.wait_for()
    page.get_by_role("button", name="Follow AB-123-CD").click()
    page.get_by_text("AB-123-CD: 2 times seen").wait_for()
    way = page.locator(".fx-way").inner_text()
    assert way.index("A1") < way.index("A2")


def test_axe_finds_nothing_serious(page: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for path in ("/timeline", "/graph", "/map"):
        go(page, path)
        page.get_by_role("status").first.wait_for()
        page.wait_for_timeout(800)
        serious = [
            (v["id"], [n["html"][:200] for n in v["nodes"][:2]])
            for v in axe.run(page).response["violations"]
            if v["impact"] in ("serious", "critical")
        ]
        assert serious == [], path
