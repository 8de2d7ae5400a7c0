"""Searching a real case: what answers, in what order, who may ask, what is left after erasure."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.case.searching import spans
from faisceau.errors import Refused, UsageError
from faisceau.tables.search_query import parse
from faisceau.testing import Desk, mandate

TALK = (
    "app,thread_id,thread_name,sender_id,sender_name,sent_at,text\n"
    "WhatsApp,T1,Kim,+33612345678,Kim,2026-09-01T10:00:00Z,Je t'amène deux kilos ce soir\n"
    "WhatsApp,T1,Kim,+33698765432,,2026-09-02T10:00:00Z,appelle le 06 12 34 56 78\n"
    "Signal,T2,Sam,+33611111111,Sam,2026-09-03T10:00:00Z,Été pourri : deux kilos de pommes\n"
    "Signal,T2,Sam,+33611111111,Sam,2026-09-03T11:00:00Z,\n"
)


@pytest.fixture
def case(desk: Desk) -> Desk:
    desk.add("talk.csv", TALK)
    return desk


QUESTIONS = {
    "kilos": {1, 3},
    "ETE": {3},
    '"deux kilos" -pommes': {1},
    "kil*": {1, 3},
    "kiols~": {1, 3},
    "sender:33612345678": {1},
    "sender:sam": {3, 4},
    "app:signal": {3, 4},
    "thread:T1 kilos": {1},
    "has:phone": {2},
    "kilos from:2026-09-02": {3},
    "kilos to:2026-09-02": {1},
    "pommes OR appelle": {2, 3},
    "/deux\\s+kilos (ce|cet)/": {1},
    "kilos /pom+es$/": {3},
    "absent": set(),
    "exhibit:E2": set(),
}


def test_what_answers(case: Desk) -> None:
    desk = case.workspace()
    place = {row["row_id"]: n for n, row in enumerate(case.rows("message"), 1)}
    answers = {question: desk.search(question) for question in QUESTIONS}
    found = {question: {place[h.row_id] for h in a.hits} for question, a in answers.items()}
    assert found == QUESTIONS
    assert all(a.total == len(QUESTIONS[question]) for question, a in answers.items())


def test_the_words_that_answer_are_shown(case: Desk) -> None:
    [hit] = case.workspace().search('"deux kilos" soir').hits
    text = hit.values["text"]
    assert [text[a:b] for a, b in hit.spans] == ["deux kilos", "soir"]


def test_a_search_is_a_consultation_in_the_ledger(case: Desk) -> None:
    case.workspace().search("kilos")
    opening, closing = case.ledger[-2:]
    assert (opening.act, opening.data["query"]) == ("search", "kilos")
    assert closing.data["rows"] == 2


def test_without_the_table_no_search(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(data=["call"]))
    with pytest.raises(Refused):
        desk.workspace().search("kilos")


def test_a_question_that_cannot_be_read_is_no_act(case: Desk) -> None:
    before = len(case.ledger)
    with pytest.raises(UsageError):
        case.workspace().search("(")
    assert len(case.ledger) == before


def test_what_is_added_after_is_found_and_a_lost_index_is_made_anew(case: Desk) -> None:
    assert case.workspace().search("kilos").indexed == 4
    case.add("more.csv", TALK.replace("kilos", "litres"))
    answer = case.workspace().search("litres")
    assert (answer.total, answer.indexed) == (2, 4)
    shutil.rmtree(case.case / "index" / "search")
    assert case.workspace().search("kilos").total == 2


def test_what_is_withdrawn_is_gone_from_the_index_too(case: Desk) -> None:
    case.add("more.csv", TALK.replace("pommes", "poires"))
    case.workspace().search("kilos")
    case.workspace().withdraw("E1", "annulment of 2 October")
    index = case.case / "index" / "search"
    assert not [f for f in index.rglob("*") if f.is_file() and b"pommes" in f.read_bytes()]
    assert case.workspace().search("pommes").total == 0
    assert case.workspace().search("poires").total == 1
    assert case.verify().ok


def test_what_the_scope_hides_is_not_in_the_index(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(more="[scope]\nfrom = 2026-09-02\n"))
    desk.add("talk.csv", TALK)
    assert desk.workspace().search("kilos").total == 1
    index = desk.case / "index" / "search"
    assert not [f for f in index.rglob("*") if f.is_file() and b"amene" in f.read_bytes()]


@given(st.text(max_size=40), st.text(max_size=10))
def test_spans_lie_in_the_text_and_in_order(text: str, word: str) -> None:
    try:
        query = parse(word)
    except UsageError:
        return
    found = spans(text, list(query.terms()))
    assert all(0 <= first < last <= len(text) for first, last in found)
    assert found == sorted(found)
