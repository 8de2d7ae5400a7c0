"""An investigator's day in a real browser: one server, one case, page after page."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faisceau.case.workspace import Workspace
from faisceau.testing import in_force

from .conftest import Served, started, stopped

EVIL = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"
"""What nobody wants to be obeyed, wherever it stands."""
ROLES = {"A1": ["investigator", "lead"], "A2": ["auditor"]}
HEAD = "app,account,thread_id,thread_name,sender_id,sender_name,recipients,sent_at,text\n"


def talk(n: int, words: str, name: str = "") -> str:
    """A conversation of two messages, as a line each."""
    times = [f"2026-09-{n + 1:02}T10:0{m}:00Z" for m in range(2)]
    return (
        f'signal,me,T{n},Kim {n},him{n},"{name or f"Kim {n}"}",me,{times[0]},"{words}"\n'
        f"signal,me,T{n},Kim {n},me,,him{n},{times[1]},ok je suis là\n"
    )


DEALS = HEAD + "".join(
    talk(n, f"livraison de 100g de coke ce soir 40e le g tu viens seul numero {n}")
    for n in range(4)
)
HOSTILE = HEAD + talk(9, f"100g de coke 40e le g tu viens seul {EVIL}", EVIL)


@dataclass(frozen=True)
class House:
    """A server at work on a case, the browser, and where its keys are."""

    case: Path
    home: Path
    files: Path
    browser: Any

    def workspace(self) -> Workspace:
        """The case as the test itself looks at it."""
        return Workspace.open(self.case, agent="A1", reason="the test looks")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[House]:
    """One case with four conversations that triage finds, and one that is hostile."""
    folder = tmp_path_factory.mktemp("house")
    before = os.environ.get("FAISCEAU_HOME")
    os.environ["FAISCEAU_HOME"] = str(folder / "home")
    made = House(folder / "case", folder / "home", folder, browser)
    work = Workspace.create(made.case, in_force(roles=ROLES), agent="A1")
    (folder / "deals.csv").write_text(DEALS)
    (folder / "<img src=x onerror=alert(1)>.csv").write_text(HOSTILE)
    list(work.add([folder / "deals.csv", folder / "<img src=x onerror=alert(1)>.csv"]))
    work.run(["messages.triage"])
    yield made
    if before is None:
        del os.environ["FAISCEAU_HOME"]
    else:
        os.environ["FAISCEAU_HOME"] = before


@pytest.fixture(autouse=True)
def _same_keys(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAISCEAU_HOME", str(house.home))


@contextmanager
def browsing(house: House, served: Served, agent: str) -> Iterator[Any]:
    """A page signed in and in the case; what the console complains of fails."""
    complaints: list[str] = []
    context = house.browser.new_context(
        viewport={"width": 1280, "height": 800}, accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(served.link)
    page.get_by_label("Reason").fill("requisition 12")
    page.get_by_role("button", name="Open").click()
    page.wait_for_url("**/case/case")
    assert agent in page.locator("header").inner_text()
    yield page
    context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def page(house: House) -> Iterator[Any]:
    """The investigator's page, kept through the module."""
    served = started(house.case, "--agent", "A1")
    with browsing(house, served, "A1") as opened:
        yield opened
    stopped(served)


def go(page: Any, path: str) -> None:
    """Another page of the case."""
    page.goto(page.url.split("/case/")[0] + "/case/case" + path)
    page.locator("h1").wait_for()


def settled(page: Any, words: str) -> None:
    """Wait for the line that tells what is listed."""
    page.get_by_role("status").filter(has_text=re.compile(words)).first.wait_for()


# ---- what is there ----


def test_the_overview_tells_what_the_case_holds(page: Any) -> None:
    go(page, "")
    shown = page.locator("main").inner_text()
    assert re.search(r"10\s+messages", shown)
    assert "E1" in shown
    assert "deals.csv" in shown
    assert "the mandate" in shown
    assert page.get_by_role("link", name="Findings").first.is_visible()


def test_a_page_asked_for_before_the_case_is_open_asks_why(house: House) -> None:
    served = started(house.case, "--agent", "A1")
    context = house.browser.new_context()
    fresh = context.new_page()
    fresh.goto(served.link)
    fresh.goto(f"{served.url}/case/case/findings")
    fresh.get_by_label("Reason").fill("another reason")
    fresh.get_by_role("button", name="Open").click()
    settled(fresh, "findings;")
    assert fresh.url.endswith("/case/case/findings")
    context.close()
    stopped(served)


# ---- adding and running ----


def test_an_exhibit_is_added_and_analysed(page: Any, house: House) -> None:
    go(page, "/add")
    more = HEAD + talk(12, "livraison 50g de shit ce soir 30e le g tu viens seul")
    file = house.files / "more.csv"
    file.write_text(more)
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("message: 2 rows, 0 rejected").wait_for()
    assert "more.csv" in {e.label for e in house.workspace().status().exhibits}
    go(page, "/analyses")
    page.get_by_role("button", name="Run messages.triage").click()
    page.get_by_text("messages.triage: 1 new findings").wait_for(timeout=60_000)
    assert "Learnt ranking or prediction" in page.locator("main").inner_text()  # refused, and why


# ---- judging ----


def test_findings_are_judged_from_the_keyboard_and_a_verdict_taken_back(
    page: Any, house: House
) -> None:
    go(page, "/findings")
    settled(page, r"\d findings; 1 to")
    before = house.workspace().findings_wanted()[1]
    second = before[1].finding_id
    page.keyboard.press("j")
    page.locator(f"a[href$='{second}']").wait_for()  # it is read beside the list
    page.keyboard.press("c")
    settled(page, f"^{len(before) - 1} findings")
    assert _status(house, second) == "confirmed"
    page.keyboard.press("z")
    settled(page, f"^{len(before)} findings")
    assert _status(house, second) == "new"
    verdicts = [str(r.verdict) for r in house.workspace().show(second).reviews]
    assert verdicts == ["confirmed", "new"]  # nothing was wiped away


def test_several_are_judged_together(page: Any, house: House) -> None:
    go(page, "/findings")
    settled(page, r"\d findings; 1 to")
    chosen = [f.finding_id for f in house.workspace().findings_wanted()[1][:2]]
    page.keyboard.press("x")
    settled(page, "1 chosen")
    page.keyboard.press("j")
    page.keyboard.press("x")
    settled(page, "2 chosen")
    page.keyboard.press("d")
    page.get_by_text("dismissed: 2 findings").wait_for()
    assert {_status(house, one) for one in chosen} == {"dismissed"}
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Taken back, by a further review: 2").wait_for()
    assert {_status(house, one) for one in chosen} == {"new"}


def test_keys_do_nothing_while_one_types(page: Any, house: House) -> None:
    go(page, "/findings")
    settled(page, r"\d findings; 1 to")
    page.get_by_label("Holds the words").fill("")
    page.get_by_label("Holds the words").press_sequentially("cdu")
    settled(page, "No finding is so")
    assert all(f.status == "new" for f in house.workspace().findings_wanted()[1])


def test_one_finding_shows_its_reasons_beside_the_conversation(page: Any, house: House) -> None:
    found = house.workspace().findings_wanted()[1][-1]
    go(page, f"/finding/{found.finding_id}")
    shown = page.locator("main").inner_text()
    assert "Orders or sells a named drug" in shown
    assert "ok je suis là" in shown
    assert page.locator("mark").count()
    page.get_by_label("Note, kept with the verdict").fill("vu avec le collègue")
    page.get_by_role("button", name="Unsure").click()
    page.get_by_text("vu avec le collègue").wait_for()
    assert house.workspace().show(found.finding_id).reviews[-1].note == "vu avec le collègue"


# ---- searching ----


def test_a_search_answers_as_one_types_and_opens_the_conversation(page: Any, house: House) -> None:
    go(page, "/search")
    page.get_by_label("Words of the messages").press_sequentially("numero", delay=20)
    settled(page, "4 messages answer")
    assert page.locator("mark").first.inner_text() == "numero"
    page.get_by_role("button", name=re.compile("numero 2")).click()
    page.get_by_text("2 messages; 1 to 2 shown").wait_for()
    assert page.locator(".fx-line.hit mark").inner_text() == "numero"
    assert page.locator(".fx-line.own").inner_text().startswith("me")
    page.get_by_role("link", name="Open alone").click()
    page.wait_for_url("**/conversation/*")
    page.locator(".fx-line.hit").wait_for()
    assert "numero" not in page.url
    searched = [e for e in house.workspace().ledger_entries() if e.act == "search"]
    assert searched[-1].reason == "requisition 12"


def test_answers_are_narrowed_by_a_facet(page: Any) -> None:
    go(page, "/search")
    page.get_by_label("Words of the messages").fill("coke OR shit")
    settled(page, "messages answer")
    page.get_by_role("button", name=re.compile("^E1")).click()
    settled(page, "^4 messages answer")


def test_a_search_is_saved_and_asked_again(page: Any, house: House) -> None:
    go(page, "/search")
    box = page.get_by_label("Words of the messages")
    box.fill("numero")
    settled(page, "4 messages answer")
    page.get_by_role("button", name="Save this search").click()
    page.get_by_label("Name of the search").fill("les numéros")
    page.get_by_role("button", name="Keep the search").click()
    page.get_by_role("button", name="les numéros", exact=True).wait_for()
    box.fill("rien du tout")
    settled(page, "No message answers")
    page.get_by_role("button", name="les numéros", exact=True).click()
    settled(page, "4 messages answer")
    page.get_by_role("button", name="Take les numéros away").click()
    page.get_by_role("button", name="les numéros", exact=True).wait_for(state="detached")
    assert house.workspace().saved_searches.listed() == []


# ---- notes ----


def test_notes_and_tags_stand_beside_what_they_are_on(page: Any, house: House) -> None:
    [message] = [m for m in _messages(house) if "numero 1" in m["text"]]
    go(page, f"/conversation/{message['row_id']}")
    page.locator(".fx-line.hit").get_by_role("button", name=re.compile("^Note on the")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("A tag").fill("À revoir")
    dialog.get_by_label("A note of work, in no report").fill(f"le même que Kim 2 {EVIL}")
    dialog.get_by_role("button", name="Keep the note").click()
    dialog.get_by_text("le même que Kim 2").wait_for()
    dialog.get_by_role("button", name="Close").click()
    page.locator(".fx-line.hit .fx-noted").wait_for()
    assert page.locator(".fx-line.hit .fx-tag").inner_text() == "à revoir"

    finding = house.workspace().findings_wanted()[1][0].finding_id
    go(page, f"/finding/{finding}")
    page.get_by_label("A note of work, in no report").fill("solide")
    page.get_by_role("button", name="Keep the note").click()
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("The note", exact=True).fill("moins solide")
    page.get_by_role("button", name="Keep this version").click()
    page.get_by_text("version 2").wait_for()

    go(page, "")
    page.get_by_role("button", name="Notes and tags on E1").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("A tag").fill("original au greffe")
    dialog.get_by_label("A tag").press("Enter")
    dialog.get_by_text("original au greffe", exact=True).wait_for()

    go(page, "/notes")
    settled(page, "^4 notes and tags; 1 to 4 shown")
    assert page.evaluate("window.hacked") is None
    page.get_by_label("Holds the words").fill("kim")
    settled(page, "^1 notes and tags")
    assert EVIL in page.locator("main, .fx-page").first.inner_text()
    page.get_by_role("link", name=re.compile("numero 1")).click()
    page.wait_for_url("**/conversation/*")
    told = house.workspace().ledger_entries()
    assert not any("greffe" in str(e.data) or "solide" in str(e.data) for e in told)


# ---- lexicons ----

LEXICON = """\
version: 1
sources: {usage: "Usage"}
entries:
- concept: resin
  kinds: [product]
  meaning: {fr: résine, en: resin}
  terms: teuch; pain
  source: usage
  date: 2026-11-24
traits: []
scenes: []
contexts: []
"""


def test_a_lexicon_is_edited_checked_and_kept_as_a_further_version(page: Any, house: House) -> None:
    go(page, "/lexicons")
    page.get_by_label("Lexicon").first.click()
    page.get_by_role("option", name="stupefiants (of the house)").click()
    box = page.get_by_label("What it says")
    page.wait_for_function("document.querySelector('textarea').value.includes('version:')")
    box.fill(LEXICON.replace("entries:", "entries: [", 1))
    page.wait_for_timeout(800)
    page.get_by_role("button", name="Check").click()
    page.get_by_text("The lexicon stupefiants cannot be read").first.wait_for()
    box.fill(LEXICON)
    page.wait_for_timeout(800)
    page.get_by_role("button", name="Check").click()
    settled(page, "It holds together")
    page.get_by_label("Why it changes (kept)").fill("entendu en salle")
    page.get_by_role("button", name="Keep as a further version").click()
    settled(page, "^Kept: stupefiants")
    [kept] = house.workspace().lexicons.listed()
    assert (kept.agent, kept.why) == ("A1", "entendu en salle")
    assert "terms: teuch; pain" in kept.path.read_text()


# ---- reports, ledger ----


def test_the_report_is_downloaded(page: Any, house: House) -> None:
    go(page, "/report")
    page.get_by_label("For whom (recorded)").fill("juge")
    with page.expect_download() as download:
        page.get_by_role("button", name="Write and download").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    closing = [e for e in house.workspace().ledger_entries() if e.act == "report"][-1]
    assert closing.data["recipient"] == "juge"
    assert not list(house.case.glob("index/**/report.pdf"))


def test_the_ledger_is_shown_and_verified(page: Any) -> None:
    go(page, "/ledger")
    page.get_by_role("button", name="Verify now").click()
    page.get_by_text(re.compile("are intact")).wait_for()
    assert "requisition 12" in page.locator("main").inner_text()


# ---- what must not happen ----

PAGES = ("", "/add", "/findings", "/search", "/analyses", "/rows", "/report", "/mandate")
MORE = ("/notes", "/lexicons", "/ledger", "/administration")


def test_what_looks_like_markup_is_shown_as_text(page: Any, house: House) -> None:
    hostile = next(m for m in _messages(house) if "hacked" in m["text"])
    [finding] = [f for f in house.workspace().findings_wanted()[1] if "T9" in f.subjects[0].value]
    paths = ("", "/findings", "/rows", "/report", "/ledger", "/administration")
    for path in (
        *paths,
        f"/finding/{finding.finding_id}",
        f"/conversation/{hostile['row_id']}",
    ):
        go(page, path)
        page.wait_for_timeout(400)
        assert page.evaluate("window.hacked") is None, path
        assert page.locator("img[src=x]").count() == 0, path
    page.goto(page.url)
    page.locator(".fx-line").first.wait_for() if "conversation" in page.url else None
    go(page, f"/conversation/{hostile['row_id']}")
    page.locator(".fx-line").first.wait_for()
    assert EVIL in page.locator("main").inner_text()
    go(page, "/search")
    page.get_by_label("Words of the messages").fill("hacked")
    settled(page, "1 messages answer")
    page.locator(".fx-hit").click()
    page.locator(".fx-line").first.wait_for()
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_nothing_serious_stands_in_anybodys_way(page: Any, dark: bool) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    if dark:
        page.get_by_role("button", name="Dark").click()
        page.get_by_role("button", name="Light").wait_for()
    for path in PAGES[:4] if dark else (*PAGES, *MORE):
        go(page, path)
        page.wait_for_timeout(500)
        found = axe.run(page).response["violations"]
        serious = [
            (v["id"], [n["html"][:200] for n in v["nodes"][:2]])
            for v in found
            if v["impact"] in ("serious", "critical")
        ]
        assert serious == [], path


def test_an_auditor_sees_the_ledger_and_no_content(house: House) -> None:
    served = started(house.case, "--agent", "A2")
    with browsing(house, served, "A2") as auditor:
        menu = auditor.locator("nav").inner_text()
        assert "Ledger" in menu
        assert not re.search("Findings|Search|Rows|Report|Analyses", menu)
        for path in ("/findings", "/rows"):
            go(auditor, path)
            auditor.get_by_text(re.compile("Refused")).first.wait_for()
            assert "coke" not in auditor.locator("main").inner_text()
        go(auditor, "/ledger")
        assert "refusal" in auditor.locator("main").inner_text()
    stopped(served)


def test_the_pages_speak_french(page: Any) -> None:
    page.get_by_role("button", name="Français").click()
    page.get_by_role("button", name="English").wait_for()
    page.wait_for_selector("html[lang=fr]", state="attached")  # told once the page has connected
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="Français").wait_for()


def _status(house: House, finding_id: str) -> str:
    return str(house.workspace().show(finding_id).finding.status)


def _messages(house: House) -> list[dict[str, Any]]:
    return [row for batch in house.workspace().rows("message") for row in batch.to_pylist()]
