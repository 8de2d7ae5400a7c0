"""The pages in a real browser: signing in, opening a case for a reason."""

from pathlib import Path

import httpx

from faisceau.case.workspace import Workspace
from faisceau.testing import in_force

from .conftest import Serve, SignedIn


def test_an_agent_opens_a_case_for_a_reason(
    tmp_path: Path, serve: Serve, signed_in: SignedIn
) -> None:
    Workspace.create(tmp_path / "case", in_force())
    page = signed_in(serve(tmp_path / "case"))
    page.get_by_label("Reason").fill("requisition 12")
    page.get_by_role("button", name="Open").click()
    page.wait_for_url("**/case/case")
    page.get_by_text("Reason: requisition 12").wait_for()
    opening = Workspace.open(tmp_path / "case").ledger_entries()[1]
    assert (opening.act, opening.reason) == ("open", "requisition 12")


SOCKET = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}
EVENTS = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"


def test_events_are_for_our_own_pages_under_a_session(tmp_path: Path, serve: Serve) -> None:
    """A page of another site may open a web socket to this machine: browsers do not forbid it."""
    Workspace.create(tmp_path / "case", in_force())
    served = serve(tmp_path / "case")
    ours = {**SOCKET, "origin": served.url}
    with httpx.Client(base_url=served.url, trust_env=False) as http:
        assert http.get(EVENTS, headers=ours).status_code == 403
        assert http.get(served.link).status_code == 303
        for origin in ("https://evil.example", "http://localhost:1", "null"):
            assert http.get(EVENTS, headers={**SOCKET, "origin": origin}).status_code == 403
        polled = http.get(EVENTS.replace("=websocket", "=polling"), headers={"origin": "null"})
        assert polled.status_code == 403
        with http.stream("GET", EVENTS, headers=ours) as answer:
            assert answer.status_code == 101


def test_without_a_session_a_page_says_how_to_get_one(tmp_path: Path, serve: Serve) -> None:
    Workspace.create(tmp_path / "case", in_force())
    served = serve(tmp_path / "case")
    for path in ("/", "/case/case", "/nothing"):
        answer = httpx.get(served.url + path, trust_env=False)
        assert answer.status_code == 401
        assert "Follow the link that faisceau serve prints" in answer.text
        assert "<script" not in answer.text
