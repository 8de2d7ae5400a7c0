"""Key players and chains: the same findings from DuckDB and from a Spark Connect server."""

from pathlib import Path

from faisceau.case.workspace import Workspace
from faisceau.testing import Desk, mandate

MATCHING = '[authorisations.matching]\nreference = "R"\ndate = 2026-09-02\n'
PATH = {"links.path": {"first": "a", "last": "c2", "longest": 8}}


def test_both_engines_give_the_same_findings(sail: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(more=MATCHING))
    desk.add(
        "calls.csv",
        "caller,callee,started_at\na,b,2026-01-01T10:00:00Z\nb,c,2026-03-01T10:00:00Z\n"
        "+33612345678,b,2026-03-02T10:00:00Z\nowner,b,2026-03-02T10:00:00Z\n",
    )
    desk.add(
        "messages.csv",
        "sender_id,recipients,sent_at,text,app\n"
        "a,b;c,2026-05-01T10:00:00Z,appelle le 06 12 34 56 78,x\n",
        as_table="message",
    )
    book = "account,name,identifiers\nb,Kim,+33699999999;+33688888888\n"
    desk.add("book.csv", book, as_table="contact")
    desk.add("persons.csv", "ref,nom,téléphone\nc1,Durand,0699999999\n", as_table="person")
    desk.add("trips.csv", "person_ref,booking_ref\nc1,X\nc2,X\n", as_table="trip")
    for engine, new in (("duckdb", True), (sail, False)):
        work = Workspace.open(desk.case, reason="test", clock=desk.clock, engine=engine)
        report = work.run(["links.keyplayers", "links.path"], PATH)
        assert not report.not_run
        for ran in report.ran:
            assert (ran.new > 0, ran.kept > 0, ran.superseded) == (new, not new, 0)
