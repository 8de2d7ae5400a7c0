"""Every way to look at a case: what is sealed, outside the scope or masked shows and counts in
none, and what is left out is told."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faisceau.case.masking import MARK
from faisceau.case.pictures import Part
from faisceau.case.values import answer_json
from faisceau.case.workspace import Workspace
from faisceau.errors import FaisceauError, NotFound, UsageError
from faisceau.findings.model import Wanted
from faisceau.testing import Desk, mandate

from .held import everything

ROLES = {"A1": ["investigator", "analyst", "lead"], "J1": ["authority"]}
LAWYER = """
[[protected]]
name = "Me X"
quality = "lawyer"
identifiers = ["+33 6 39 98 00 09"]
"""
MATCHING = '[authorisations.matching]\nreference = "R"\ndate = 2026-09-02\n'
SHA = "ab" * 32
MESSAGES = f"""\
app,account,thread_id,sender_id,sender_name,recipients,sent_at,text,latitude,longitude,attachment_sha256
sms,+33639980001,t1,+33639980001,,0639980009,2026-05-01T10:00:00Z,maitre 200g de coke,43.3,5.3,{SHA}
sms,+33639980001,t1,06 39 98 00 09,Dupond,+33639980001,2026-05-01T10:01:00Z,ne dites rien,43.3,5.3,
sms,+33639980001,t2,+33639980001,,+33639980002,2026-03-01T10:03:00Z,200g de coke ce soir,50.6,3.0,
sms,+33639980001,t2,+33639980002,,+33639980001,2026-03-01T10:04:00Z,ok je passe,50.6,3.0,
"""
CALLS = """\
caller,callee,started_at,count,latitude,longitude
+33639980001,0639980009,2026-06-01T10:00:00Z,9,44.0,6.0
+33639980001,+33639980002,2026-03-01T11:00:00Z,2,50.6,3.0
"""
SECRETS = ("639980009", "39 98 00 09", "maitre", "dites rien", "Dupond", "2026-05", "2026-06")
"""What stands in sealed correspondence alone."""


def clean(shown: object) -> bool:
    """True where none of the secrets stands in what was shown, whatever its form."""
    content = shown.decode() if isinstance(shown, bytes) else repr(shown)
    return not any(secret in content for secret in SECRETS)


def filled(folder: Path, more: str = LAWYER) -> Desk:
    """A case with two exhibits that hold the same conversations, and calls."""
    desk = Desk(folder, mandate(more=more + MATCHING, roles=ROLES), agent="A1")
    desk.add("messages.csv", MESSAGES)
    desk.add("again.csv", MESSAGES.replace("coke", "blanche"))
    desk.add("calls.csv", CALLS, as_table="call")
    return desk


def seal(desk: Desk) -> None:
    """Protect the lawyer in a case at work."""
    desk.workspace().replace_mandate(mandate(more=LAWYER + MATCHING, roles=ROLES))


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A case whose mandate protects a lawyer from the first exhibit on."""
    folder = tmp_path_factory.mktemp("sealed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAISCEAU_HOME", str(folder / "home"))
        yield filled(folder / "desk")


@pytest.fixture(autouse=True)
def _keys(sealed: Desk, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "tmp_path" not in request.fixturenames:  # the case of the module has keys of its own
        monkeypatch.setenv("FAISCEAU_HOME", str(sealed.folder.parent / "home"))


@pytest.fixture
def work(sealed: Desk) -> Workspace:
    return sealed.workspace()


# ---- pictures ----


def test_the_timeline_counts_nothing_that_is_sealed(work: Workspace) -> None:
    told = work.pictures.timeline(unit="day")
    assert {s.table: s.total for s in told.series} == {"message": 4, "call": 1}
    assert clean([told.stretches, told.first, told.last])
    moments = work.pictures.moments("message", Part())
    assert (moments.total, len(moments.rows)) == (4, 4)
    assert clean(moments.rows)


def test_the_map_places_nothing_that_is_sealed(work: Workspace) -> None:
    told = work.pictures.places()
    assert told.totals == {"message": 4, "call": 1}
    assert told.box is not None
    assert told.box.south == 50.6
    assert clean(told.spots)


def test_no_way_leads_through_what_is_sealed(work: Workspace) -> None:
    assert work.pictures.way("phone", "0639980009").total == 0
    way = work.pictures.way("phone", "+33639980001")
    assert way.total == 3
    assert clean([step.at.isoformat() for step in way.steps])


def test_the_network_ties_nobody_by_what_is_sealed(work: Workspace) -> None:
    network = work.pictures.network
    assert network.find("639980009").nodes == () or not network.find("639980009").nodes
    whole = network.whole()
    assert clean([(n.key, n.label) for n in whole.nodes])
    [tie] = [e for e in whole.edges if "call" in e.kinds]
    assert dict(tie.kinds) == {"call": 2, "message": 4}
    assert clean([(e.first, e.last) for e in whole.edges])
    with pytest.raises(NotFound):
        network.around(["phone:+33639980009"])
    assert clean(work.pictures.exported(whole))


def test_numbers_that_exhibits_share_are_those_of_what_is_open(work: Workspace) -> None:
    shared = work.pictures.network.whole(kinds=["mention"])
    assert "phone:?+33639980009" not in {n.key for n in shared.nodes}
    assert clean(shared.nodes)


# ---- reading, searching ----


def test_no_reader_opens_a_sealed_conversation(sealed: Desk, work: Workspace) -> None:
    [first, *_] = sealed.rows("message")
    for position in range(1, 5):  # every id that the exhibit may have given
        row_id = (1 << 32) + position
        if row_id in {row["row_id"] for row in sealed.rows("message")}:
            continue
        with pytest.raises(NotFound):
            work.conversation(row_id)
    read = work.conversation(first["row_id"])
    assert (read.total, len(read.messages)) == (2, 2)
    assert clean(read)
    assert read.sealed.counts == (("message", "lawyer", 2),)


def test_facets_count_what_may_be_seen(work: Workspace) -> None:
    answer = work.search("200g", facets=True)
    assert answer.total == 2
    assert dict(answer.facets["exhibit"]) == {"E1": 1, "E2": 1}
    assert work.search("maitre", facets=True).facets["exhibit"] == []
    assert answer_json(answer)["sealed"] == [{"table": "message", "quality": "lawyer", "n": 2}]


# ---- a case that is sealed while pages look at it ----


@pytest.fixture
def at_work(tmp_path: Path) -> Desk:
    """A case in which nobody is protected yet; triage has found both conversations."""
    desk = filled(tmp_path / "desk", more="")
    assert {f.subjects[0].value for f in desk.run("messages.triage")} == {"t1", "t2"}
    return desk


def test_findings_that_rest_on_it_are_on_no_page(at_work: Desk) -> None:
    found = at_work.workspace().findings_wanted()[1]
    gone = [f.finding_id for f in found if f.subjects[0].value == "t1"]
    at_work.workspace().review(gone[0], "confirmed", "maitre has said it")
    seal(at_work)
    work = at_work.workspace()
    for wanted in (
        Wanted(),
        Wanted(statuses=["new", "confirmed"]),
        Wanted(analyses=["messages.triage"]),
        Wanted(order="newest"),
    ):
        total, listed = work.findings_wanted(wanted)
        assert (total, [f.subjects[0].value for f in listed]) == (2, ["t2", "t2"])
        assert work.findings_page(wanted)[0] == 2
        assert clean(json.dumps(work.findings_page(wanted)[1], default=str))
    for words in ("maitre", gone[0], "t1"):
        assert work.findings_wanted(Wanted(about=words)) == (0, [])
    assert work.findings_wanted(Wanted(statuses=["confirmed"])) == (0, [])
    with pytest.raises(FaisceauError, match="rests on sealed"):
        work.show(gone[0])
    with pytest.raises(FaisceauError, match="rests on sealed"):
        work.review(gone[1], "dismissed")


def test_what_sums_up_many_conversations_is_withheld_until_it_is_told_anew(at_work: Desk) -> None:
    """A digest cites few rows of those it counts: not citing what is sealed proves nothing."""
    many = [
        f"sms,+33639980001,t1,+33639980001,,0639980009,2026-05-01T10:{n:02}:00Z,maitre {n},,,"
        for n in range(60)
    ]
    many += [
        f"sms,+33639980001,t{n},+33639980001,,+33639980{n},2026-03-01T1{n % 10}:03:00Z,salut,,,"
        for n in range(100, 130)
    ]
    at_work.add("many.csv", MESSAGES + "\n".join(many) + "\n")
    names = ["messages.digest", "links.keyplayers"]
    at_work.workspace().run(names)
    before = {f.finding_id: f for f in at_work.workspace().findings()}
    assert not clean([f for f in before.values() if f.analysis in names])
    seal(at_work)
    work = at_work.workspace()
    assert {f.analysis for f in work.findings()} == {"messages.triage"}
    work.run(names)
    after = {f.finding_id: f for f in work.findings() if f.analysis in names}
    assert {f.analysis for f in after.values()} == set(names)
    assert clean(list(after.values()))
    assert any(before[i] != after[i] for i in before.keys() & after.keys())
    assert clean([n.key for n in work.pictures.network.whole().nodes])
    assert at_work.verify().ok


def test_no_card_shows_what_is_sealed_around_a_finding(at_work: Desk) -> None:
    seal(at_work)
    work = at_work.workspace()
    for finding in work.findings():
        card = work.show(finding.finding_id)
        assert card.excerpts
        assert clean(card)


def test_a_report_of_chosen_findings_takes_none_that_is_withheld(
    at_work: Desk, tmp_path: Path
) -> None:
    found = at_work.workspace().findings()
    ids = {f.subjects[0].value: f.finding_id for f in found}
    seal(at_work)
    work = at_work.workspace()
    page = tmp_path / "report.html"
    with pytest.raises(NotFound):
        work.report(page, chosen=[ids["t1"]])
    work.report(page, chosen=[ids["t2"]], lang="en")
    assert not any(word in page.read_text() for word in ("maitre", "dites rien", "Dupond"))
    for to in ("csv", "case", "ftm", "graphml"):
        work.export(tmp_path / f"out.{to}", to)
        assert clean(everything(tmp_path / f"out.{to}")), to


def test_a_drawing_made_before_the_seal_does_not_leave_the_case(at_work: Desk) -> None:
    work = at_work.workspace()
    before = work.pictures.network.whole()
    assert not clean([n.key for n in before.nodes])
    work.pictures.views.save("all", {"shown": [n.key for n in before.nodes]})
    seal(at_work)
    for looking in (work, at_work.workspace()):
        with pytest.raises(UsageError, match="changed"):
            looking.pictures.exported(before)
    [view] = at_work.workspace().pictures.views.listed()
    assert clean(at_work.workspace().pictures.network.still(view.content["shown"]))


def test_a_desk_left_open_sees_no_more_than_a_new_one(tmp_path: Path) -> None:
    """The desk of a page stays while others add: what they bring is sealed for it too."""
    desk = Desk(tmp_path / "desk", mandate(more=LAWYER + MATCHING, roles=ROLES), agent="A1")
    desk.add(
        "other.csv",
        MESSAGES.replace("0639980009", "+33639980003")
        .replace("06 39 98 00 09", "+33639980003")
        .replace("maitre", "chef")
        .replace("Dupond", "Momo"),
    )
    work = desk.workspace()
    assert work.search("coke", facets=True).total == 2
    assert len(work.pictures.network.whole().nodes) > 2
    desk.add("messages.csv", MESSAGES)
    assert work.search("coke", facets=True).facets["exhibit"] == [("E1", 2), ("E2", 1)]
    assert work.pictures.timeline().series[0].total == 6
    assert not work.pictures.network.find("39980009").nodes
    desk.workspace("J1").lift_seal("t1", "ordonnance")
    assert work.pictures.timeline().series[0].total == 8
    assert work.search("maitre", facets=True).facets["exhibit"] == [("E2", 1)]
    assert work.pictures.network.find("39980009").nodes


# ---- the scope ----


@pytest.mark.parametrize(
    "scope",
    [
        "[scope]\nto = 2026-04-01\n",
        '[scope]\nparticipants = ["+33639980002"]\n',
    ],
)
def test_what_the_scope_leaves_out_is_seen_by_no_page(tmp_path: Path, scope: str) -> None:
    desk = filled(tmp_path / "desk", more=scope)
    work = desk.workspace()
    pictures = work.pictures
    assert {s.table: s.total for s in pictures.timeline().series} == {"message": 4, "call": 1}
    assert pictures.places().totals == {"message": 4, "call": 1}
    assert pictures.way("phone", "0639980009").total == 0
    whole = pictures.network.whole()
    assert clean([(n.key, n.label) for n in whole.nodes])
    assert clean(pictures.exported(whole))
    assert work.search("200g", facets=True).facets["exhibit"] == [("E1", 1), ("E2", 1)]
    assert clean(desk.rows("message"))
    assert clean(desk.rows("mention"))
    work.run(["messages.triage"])
    assert clean(work.findings_page()[1])


def test_an_exhibit_outside_the_scope_is_on_no_picture(tmp_path: Path) -> None:
    desk = filled(tmp_path / "desk", more='[scope]\nexhibits = ["E1"]\n')
    work = desk.workspace()
    assert {s.table: s.total for s in work.pictures.timeline().series} == {"message": 4, "call": 0}
    assert work.search("blanche", facets=True).facets["exhibit"] == []
    assert not work.pictures.network.whole(kinds=["mention"]).nodes
    assert {row["exhibit_id"] for row in desk.rows("mention")} == {"E1"}


# ---- masks ----


def test_masked_identities_stay_masked_on_every_way(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(more=MATCHING, roles=ROLES), agent="A1")
    desk.add("messages.csv", MESSAGES, procedure="PV-OTHER")
    desk.add(
        "book.csv",
        "account,name,identifiers\n+33639980001,Jean Caché,0655555555\n",
        as_table="contact",
        procedure="PV-OTHER",
    )
    work = desk.workspace()
    row = next(r for r in desk.rows("message") if r["sender_id"] == "06 39 98 00 09")
    hidden: list[Any] = [
        work.conversation(row["row_id"]),
        work.search("rien", facets=True),
        work.pictures.moments("message", Part()).rows,
        work.pictures.places().spots,
        work.pictures.network.whole().nodes,
        work.pictures.exported(work.pictures.network.whole()),
    ]
    for shown in hidden:
        content = shown.decode() if isinstance(shown, bytes) else repr(shown)
        assert "Dupond" not in content
        assert "Caché" not in content
        assert "655555555" not in content
    assert MARK in repr(hidden)
    assert work.search("sender:Dupond").total == 0
    assert not work.pictures.network.find("Caché").nodes
