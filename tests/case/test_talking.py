"""Reading a conversation, taking a verdict back, findings by pages: what the web pages stand on."""

import pytest

from faisceau.errors import NotFound, Refused, UsageError
from faisceau.findings.model import Status, Wanted
from faisceau.testing import Desk

HEAD = "app,account,thread_id,sender_id,recipients,sent_at,text\n"
TALK = HEAD + "".join(
    f"signal,+33600000001,T{n % 2},+3361111111{n % 2},,2026-09-01T10:{n:02}:00Z,message {n}\n"
    for n in range(20)
)


def test_a_conversation_is_read_in_order_around_one_message(desk: Desk) -> None:
    desk.add("talk.csv", TALK)
    [asked] = desk.rows("message", "text = 'message 10'")
    read = desk.workspace().conversation(asked["row_id"], limit=4)
    assert [m["text"] for m in read.messages] == [f"message {n}" for n in (6, 8, 10, 12)]
    assert (read.total, read.offset, read.at) == (10, 3, 5)
    rest = desk.workspace().conversation(asked["row_id"], offset=8, limit=4)
    assert [m["text"] for m in rest.messages] == ["message 16", "message 18"]


def test_without_a_thread_it_is_that_of_the_same_people(desk: Desk) -> None:
    desk.add(
        "talk.csv",
        "app,sender_id,recipients,sent_at,text\n"
        "sms,A,B,2026-09-01T10:00:00Z,one\n"
        "sms,B,A,2026-09-01T10:01:00Z,two\n"
        "sms,B,C,2026-09-01T10:02:00Z,elsewhere\n",
    )
    [asked] = desk.rows("message", "text = 'two'")
    read = desk.workspace().conversation(asked["row_id"])
    assert [m["text"] for m in read.messages] == ["one", "two"]


def test_a_message_that_is_not_there_is_told(desk: Desk) -> None:
    desk.add("talk.csv", TALK)
    with pytest.raises(NotFound):
        desk.workspace().conversation(12345)
    with pytest.raises(Refused):
        desk.workspace(agent="A9").conversation(12345)


def test_answers_are_counted_by_exhibit_and_application(desk: Desk) -> None:
    desk.add("talk.csv", TALK)
    desk.add("more.csv", TALK.replace("signal", "WhatsApp").replace("message 1", "autre 1"))
    counted = desk.workspace().search("message", facets=True).facets
    assert counted["app"] == [("signal", 20), ("whatsapp", 9)]
    assert counted["exhibit"] == [("E1", 20), ("E2", 9)]
    assert counted["has"] == []


def triaged(desk: Desk) -> Desk:
    """A desk with findings to review."""
    desk.add(
        "talk.csv",
        HEAD
        + "".join(
            f"signal,me,T{n},him{n},,2026-09-01T10:00:00Z,"
            f"livraison de 100g de coke ce soir 40e le g tu viens seul {n}\n"
            for n in range(5)
        ),
    )
    assert len(desk.run("messages.triage")) == 5
    return desk


def test_a_verdict_taken_back_is_a_further_review(desk: Desk) -> None:
    found = triaged(desk).workspace().findings()[0].finding_id
    work = desk.workspace()
    with pytest.raises(UsageError):
        work.take_back(found)
    work.review(found, "confirmed")
    work.review(found, "dismissed")
    work.take_back(found, Status.CONFIRMED)
    work.take_back(found)
    card = work.show(found)
    assert card.finding.status is Status.NEW
    assert [str(r.verdict) for r in card.reviews] == ["confirmed", "dismissed", "confirmed", "new"]
    assert [e.operation for e in desk.ledger].count("review") == 2 * 4 + 2  # one of them failed
    work.review(found, "unsure")
    assert [str(r.verdict) for r in work.show(found).reviews][-1] == "unsure"


def test_findings_come_by_pages_filtered_and_sorted(desk: Desk) -> None:
    work = triaged(desk).workspace()
    total, first = work.findings_wanted(limit=2)
    assert (total, len(first)) == (5, 2)
    work.review(first[0].finding_id, "confirmed")
    assert work.findings_wanted(Wanted(statuses=["confirmed"]))[0] == 1
    assert work.findings_wanted(Wanted(analyses=["messages.digest"]))[0] == 0
    assert work.findings_wanted(Wanted(about="t3"))[0] == 1
    assert work.findings_wanted(Wanted(about="%"))[0] == 0
    by_status = work.findings_wanted(Wanted(order="status"))[1]
    assert by_status[0].status is Status.CONFIRMED


def test_a_report_holds_the_findings_chosen_in_their_order(desk: Desk) -> None:
    work = triaged(desk).workspace()
    ids = [f.finding_id for f in work.findings()]
    written = work.report(desk.folder / "report.html", lang="en", chosen=[ids[3], ids[1]])
    assert (written["findings"], written["of"]) == (2, 5)
    assert desk.ledger[-1].data["findings"] == [ids[3], ids[1]]
    printed = (desk.folder / "report.html").read_text()
    assert "the 2 chosen for it are printed here" in printed
    assert printed.index(ids[3]) < printed.index(ids[1])
    assert ids[0] not in printed
    with pytest.raises(NotFound):
        work.report(desk.folder / "other.html", chosen=["nothing"])
