"""The door: who gets in, who does not, and what every answer bears."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from faisceau.case.workspace import Workspace
from faisceau.client import Client, RemoteCase
from faisceau.errors import FaisceauError, NotFound, Refused
from faisceau.testing import in_force

from .conftest import Running, Start

OPENING = {"reason": "requisition 12"}


def test_without_a_session_every_path_of_the_api_is_401(running: Running) -> None:
    http = running.raw(None)
    for path in ("cases", "cases/lille", "openapi.json", "nothing", "", "../v1/x"):
        for method in ("GET", "POST", "DELETE"):
            answer = http.request(method, f"/api/v1/{path}")
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == 401


def test_with_a_session_what_there_is_not_is_404(running: Running) -> None:
    answer = running.raw().get("/api/v1/nothing")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:faisceau:NotFound")


def test_a_link_signs_in_once(running: Running) -> None:
    token = running.house.invite()
    with Client(running.url) as client:
        assert client.sign_in(token, "A1")["agent"] == "A1"
        assert [case["name"] for case in client.cases()] == ["lille"]
    with Client(running.url) as again, pytest.raises(FaisceauError, match="was used"):
        again.sign_in(token, "A1")


def test_a_stranger_does_not_use_up_the_link(running: Running) -> None:
    token = running.house.invite()
    with Client(running.url) as client:
        with pytest.raises(NotFound, match="No mandate here designates A9"):
            client.sign_in(token, "A9")
        client.sign_in(token, "A2")


def test_the_cookie_is_kept_from_scripts_and_other_sites(running: Running) -> None:
    data = {"token": running.house.invite(), "agent": "A1"}
    answer = httpx.post(f"{running.url}/sign-in", data=data, trust_env=False)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_behind_https_the_cookie_is_for_https_alone(case: Path, start: Start) -> None:
    running = start(case, public="https://faisceau.example")
    data = {"token": running.house.invite(), "agent": "A1"}
    answer = httpx.post(f"{running.url}/sign-in", data=data, trust_env=False)
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_link_asks_who_one_is_where_several_may(running: Running) -> None:
    token = running.house.invite()
    page = running.raw(None).get("/sign-in", params={"token": token})
    assert all(f'value="{agent}"' in page.text for agent in ("A1", "A2", "A3"))
    assert "set-cookie" not in page.headers


def test_a_forged_cookie_is_nobody(running: Running) -> None:
    forged = running.raw(None)
    for value in ("x", "é" * 40, "A" * 5000):
        headers = {b"cookie": f"faisceau={value}".encode()}
        assert forged.get("/api/v1/cases", headers=headers).status_code == 401


def test_a_session_ends_when_nothing_is_asked_of_it(running: Running) -> None:
    http = running.raw()
    assert http.get("/api/v1/cases").status_code == 200
    running.clock.forward(minutes=29)
    assert http.get("/api/v1/cases").status_code == 200
    running.clock.forward(minutes=31)
    assert http.get("/api/v1/cases").status_code == 401


def test_a_session_ends_at_its_length_whatever_is_asked(running: Running) -> None:
    http = running.raw()
    for _ in range(25):
        running.clock.forward(minutes=29)
        http.get("/api/v1/session")
    assert http.get("/api/v1/session").status_code == 401


def test_after_signing_out_the_cookie_is_worth_nothing(running: Running) -> None:
    http = running.raw()
    cookie = http.cookies["faisceau"]
    assert http.delete("/api/v1/session").status_code == 204
    answer = running.raw(None).get("/api/v1/cases", headers={"cookie": f"faisceau={cookie}"})
    assert answer.status_code == 401


def test_a_change_needs_the_token_of_its_session(running: Running) -> None:
    http = running.raw()
    for token in ("", "x", running.raw("A2").headers["x-faisceau-csrf"]):
        headers = {"x-faisceau-csrf": token}
        answer = http.post("/api/v1/cases/lille/open", json=OPENING, headers=headers)
        assert answer.status_code == 403
    assert http.post("/api/v1/cases/lille/open", json=OPENING).status_code == 200


def test_a_change_asked_by_another_site_is_refused(running: Running) -> None:
    http = running.raw()
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        answer = http.post("/api/v1/cases/lille/open", json=OPENING, headers={"origin": origin})
        assert answer.status_code == 403
    for site in ("cross-site", "same-site"):
        assert http.get("/api/v1/cases", headers={"sec-fetch-site": site}).status_code == 403
    ours = {"origin": running.url, "sec-fetch-site": "same-origin"}
    assert http.post("/api/v1/cases/lille/open", json=OPENING, headers=ours).status_code == 200


def test_a_name_that_leads_here_gets_nothing(running: Running) -> None:
    """DNS rebinding: the name is the attacker's, the address the loopback's."""
    http = running.raw()
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil:80", ""):
        assert http.get("/api/v1/cases", headers={"host": host}).status_code in (400, 403)
        assert http.get("/sign-in", headers={"host": host}).status_code in (400, 403)
    port = running.house.settings.port
    assert http.get("/api/v1/cases", headers={"host": f"localhost:{port}"}).status_code == 200


def test_every_answer_confines_the_browser(running: Running) -> None:
    http = running.raw()
    for path in ("/api/v1/cases", "/api/v1/nothing", "/sign-in", "/nothing"):
        headers = http.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"].split("style-src")[0]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_guessing_links_is_slowed_down(case: Path, start: Start) -> None:
    running = start(case, sign_ins=3)
    http = running.raw(None)
    codes = [http.get("/sign-in", params={"token": "x"}).status_code for _ in range(4)]
    assert codes == [401, 401, 401, 429]


def test_a_session_asks_only_so_much_in_a_minute(case: Path, start: Start) -> None:
    running = start(case, requests=5)
    http = running.raw()
    codes = [http.get("/api/v1/session").status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    assert running.raw("A2").get("/api/v1/session").status_code == 200


# ---- cases ----


def test_a_case_asks_for_a_reason_before_anything(running: Running) -> None:
    http = running.raw()
    answer = http.get("/api/v1/cases/lille")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:faisceau:NotOpened")
    blank = http.post("/api/v1/cases/lille/open", json={"reason": "  "})
    assert blank.status_code == 400


def test_an_agent_of_another_case_is_refused_and_it_is_recorded(
    case: Path, running: Running
) -> None:
    other = case.parent / "douai"
    Workspace.create(other, in_force(reference="PR/2", roles={"B7": ["lead", "investigator"]}))
    with running.client("B7") as client:
        assert [c["name"] for c in client.cases()] == ["douai"]
        with pytest.raises(Refused, match="B7"):
            client.open("lille", "curious")
    refusal = Workspace.open(case, agent="A1").ledger_entries()[-1]
    assert (refusal.operation, refusal.agent, refusal.reason) == ("refusal", "B7", "curious")


def test_an_auditor_reads_the_ledger_and_no_content(running: Running) -> None:
    with running.client("A2") as client:
        case = client.open("lille", "yearly audit")
        assert case.ledger()[-1]["act"] == "open"
        with pytest.raises(Refused):
            case.search("demain")
        with pytest.raises(Refused):
            list(case.findings())


def test_a_case_whose_mandate_was_replaced_is_judged_by_the_new_one(
    case: Path, remote: RemoteCase
) -> None:
    assert remote.search("demain")["total"] == 0
    narrower = in_force(roles={"A1": ["lead"], "A5": ["lead"]}, data=["plate_read"])
    Workspace.open(case, agent="A1").replace_mandate(narrower)
    with pytest.raises(Refused):
        remote.search("demain")


# ---- what is sent in ----


def test_a_name_that_leads_elsewhere_is_refused(remote: RemoteCase, case: Path) -> None:
    for name in ("../x.db", "a/b", "..", "a\\b", "x\0.db", "/etc/passwd", "a\nb"):
        with pytest.raises(FaisceauError, match="name alone"):
            remote.client.ask("POST", "/cases/lille/exhibits", {"name": name})
    assert not (case / "index" / "uploads").exists()


def test_too_many_bytes_are_refused_and_nothing_stays(case: Path, start: Start) -> None:
    running = start(case, upload_limit=1000)
    with running.client() as client:
        client.open("lille", "requisition 12")
        for stated in (True, False):
            upload = client.ask("POST", "/cases/lille/exhibits", {"name": "x.db"})["upload"]
            content = bytes(2000) if stated else iter([bytes(600), bytes(600)])
            with pytest.raises(FaisceauError, match="1000 bytes at most"):
                client.request("PUT", upload.removeprefix("/api/v1"), content=content)
        assert client.ask("GET", "/cases/lille/jobs") == []
    assert not list((case / "index").glob("uploads/*"))


def test_a_question_is_not_a_flood(remote: RemoteCase) -> None:
    with pytest.raises(FaisceauError) as refused:
        remote.client.ask("POST", "/cases/lille/search", {"query": "x" * 5_000_000})
    assert refused.value.facts["problem"]["status"] == 413


def test_an_exhibit_is_larger_than_a_question(remote: RemoteCase, tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(bytes(9 * 2**20))
    assert remote.add(tmp_path / "video.mp4")["orders"]["name"] == "video.mp4"


def test_an_upload_cut_off_leaves_nothing(remote: RemoteCase, case: Path) -> None:
    upload = remote.client.ask("POST", "/cases/lille/exhibits", {"name": "x.db"})["upload"]

    def broken() -> Iterator[bytes]:
        yield bytes(5000)
        raise OSError("the cable")

    with pytest.raises(OSError, match="cable"):
        remote.client.request("PUT", upload.removeprefix("/api/v1"), content=broken())
    assert remote.jobs() == []
    assert remote.status()["exhibits"] == []


def test_an_upload_is_for_the_session_that_announced_it(
    running: Running, remote: RemoteCase
) -> None:
    upload = remote.client.ask("POST", "/cases/lille/exhibits", {"name": "x.db"})["upload"]
    assert running.raw("A2").put(upload, content=b"x").status_code == 404


def test_who_may_not_add_is_refused_before_anything_is_sent(running: Running) -> None:
    with running.client("A2") as client:
        client.open("lille", "yearly audit")
        with pytest.raises(Refused):
            client.ask("POST", "/cases/lille/exhibits", {"name": "x.db"})
