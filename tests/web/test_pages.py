"""The pages in a real browser: signing in, opening a case for a reason."""

from pathlib import Path

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
