"""What is sealed, on the pages: told on each, shown on none, lifted by the authority."""

import re
from pathlib import Path
from typing import Any

import pytest

from faisceau.case.workspace import Workspace
from faisceau.testing import in_force

from .conftest import Serve, Served, SignedIn

ROLES = {"A1": ["investigator", "lead"], "J1": ["authority"]}
LAWYER = """
[[protected]]
name = "Me X"
quality = "lawyer"
identifiers = ["+33639980009"]
"""
MESSAGES = """\
app,account,thread_id,sender_id,recipients,sent_at,text,latitude,longitude
sms,me,t1,me,+33639980009,2026-05-01T10:00:00Z,maitre 200g de coke ce soir,43.3,5.3
sms,me,t1,+33639980009,me,2026-05-01T10:01:00Z,ne dites rien,43.3,5.3
sms,me,t2,me,+33639980002,2026-03-01T10:03:00Z,200g de coke ce soir,50.6,3.0
"""
SECRET = re.compile("maitre|dites rien|639980009|/05/2026")
PAGES = ("", "/findings", "/search", "/timeline", "/graph", "/map", "/rows", "/report", "/seals")


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A case in which a conversation was sealed after triage had found it."""
    work = Workspace.create(tmp_path / "case", in_force(roles=ROLES), agent="A1")
    (tmp_path / "messages.csv").write_text(MESSAGES)
    list(work.add([tmp_path / "messages.csv"]))
    work.run(["messages.triage"])
    work.replace_mandate(in_force(roles=ROLES, more=LAWYER))
    return tmp_path / "case"


def opened(served: Served, signed_in: SignedIn) -> Any:
    page = signed_in(served)
    page.set_default_timeout(20_000)
    page.get_by_label("Reason").fill("requisition 12")
    page.get_by_role("button", name="Open").click()
    page.wait_for_url("**/case/case")
    return page


def go(page: Any, path: str) -> str:
    """Another page of the case, and what stands on it once it is there."""
    page.goto(page.url.split("/case/")[0] + "/case/case" + path)
    page.locator("h1").wait_for()
    page.wait_for_timeout(900)
    return str(page.locator("main").inner_text())


@pytest.mark.slow
def test_each_page_tells_what_is_sealed_and_shows_none_of_it(
    case: Path, serve: Serve, signed_in: SignedIn
) -> None:
    page = opened(serve(case, "--agent", "A1"), signed_in)
    for path in PAGES:
        shown = go(page, path)
        assert not SECRET.search(shown), path
        if path != "/seals":
            assert "1 conversations sealed: lawyer" in shown, path
    assert "1 findings rest on sealed correspondence: withheld" in go(page, "")
    go(page, "/search")
    page.get_by_label("Words of the messages").fill("coke")
    page.get_by_text("1 messages answer").wait_for()
    page.locator(".fx-hit").click()
    page.locator(".fx-line").first.wait_for()
    assert not SECRET.search(page.locator("main").inner_text())
    alone = page.get_by_role("link", name="Open alone").get_attribute("href")
    shown = go(page, alone.removeprefix("/case/case"))
    assert "1 messages; 1 to 1 shown" in shown
    assert "sealed: lawyer" in shown
    shown = go(page, "/seals")
    assert re.search(r"S1\s+E1\s+lawyer\s+2 messages", shown)
    assert "The authority alone lifts a seal." in shown
    assert "t1" not in shown
    assert page.get_by_role("button", name="Lift").count() == 0


def test_the_authority_lifts_a_seal_under_an_act(
    case: Path, serve: Serve, signed_in: SignedIn
) -> None:
    page = opened(serve(case, "--agent", "J1"), signed_in)
    assert "t1" in go(page, "/seals")
    page.get_by_role("button", name="Lift the seal S1").click()
    lift = page.get_by_role("dialog").get_by_role("button", name="Lift", exact=True)
    lift.click()
    page.get_by_text("Say under which act the seal is lifted").wait_for()
    page.get_by_label("Reference of the act").fill("order of 12 October")
    lift.click()
    page.get_by_text("order of 12 October").wait_for()
    shown = page.locator("main").inner_text()
    assert "Nothing is sealed" in shown
    assert "conversations sealed" not in shown
    [seal] = Workspace.open(case, agent="A1").seals()
    assert (seal.lifted_by, seal.lifted_under) == ("J1", "order of 12 October")
