"""Which language a conversation is in, on sentences written by hand."""

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from faisceau.analyses.messages._language import UNSURE, language_of
from faisceau.errors import Refused, UsageError
from faisceau.testing import Desk, mandate

ROWS = [
    line.split("\t")
    for line in (Path(__file__).parents[2] / "data" / "languages.tsv").read_text().splitlines()
]


def conversations(size: int) -> list[tuple[str, list[str]]]:
    """The sentences of one language by ``size``, as messages of one conversation come."""
    by: dict[str, list[str]] = defaultdict(list)
    for code, text in ROWS:
        by[code].append(text)
    return [
        (code, texts[n : n + size])
        for code, texts in by.items()
        for n in range(0, len(texts), size)
    ]


def test_lone_messages_are_told_or_left_undetermined(capsys: pytest.CaptureFixture[str]) -> None:
    told = [(code, language_of(text)) for code, text in ROWS]
    right = Counter(code for code, found in told if found == code)
    wrong = [(code, found) for code, found in told if found not in (code, UNSURE)]
    with capsys.disabled():
        print(f"\nlone messages of {len(ROWS)}: right {dict(right)}, wrong {wrong}")
    assert sum(right.values()) >= 0.85 * len(ROWS)
    assert min(right.values()) >= 11
    assert len(wrong) <= 3


@pytest.mark.parametrize("size", [2, 4])
def test_a_few_messages_together_are_always_told(size: int) -> None:
    for code, texts in conversations(size):
        assert language_of(" . ".join(texts)) == code, texts


@pytest.mark.parametrize(
    "text",
    [
        "salam khoya labas 3lik fin mcha dak drari",
        "wach kayn chi jdid 3ndkom",
        "n9dar nchofek ghda sba7",
        "hadak l7ala mabghach yjawb 3la tilifoun",
        "smeh liya khoya ma9ditch nji lbareh",
    ],
)
def test_darija_that_the_rules_were_not_written_on(text: str) -> None:
    assert language_of(text) == "ary"


@pytest.mark.parametrize(
    "text",
    [
        "wsh khoya t'es ou wallah jte jure",
        "9h30 chez toi 7 aprem ok",
        "hamdoullah khoya inchallah demain",
        "jte dois 30e pr les 2g de 7e",
        "koi29 tu viens 2m1 ou pas, jai mis 3kg a lheure",
    ],
)
def test_french_that_borrows_is_no_darija(text: str) -> None:
    assert language_of(text) != "ary"


@pytest.mark.parametrize("text", ["", "👍👍", "0612345678", "https://es.example/hola?q=1", "ok"])
def test_what_says_nothing_is_undetermined(text: str) -> None:
    assert language_of(text) == UNSURE


def chats() -> str:
    """One conversation per language, and one that changes from French to Spanish."""
    lines = ["thread_id,sender_id,sent_at,text"]
    for n, (code, texts) in enumerate(conversations(16)):
        lines += [
            f'{code},A{m % 2},2026-03-{n + 1:02}T10:{m:02}:00Z,"{t}"' for m, t in enumerate(texts)
        ]
    both = [text for code, text in ROWS if code == "fr"] + [t for c, t in ROWS if c == "es"]
    lines += [f'both,A1,2026-04-01T10:{m:02}:00Z,"{t}"' for m, t in enumerate(both)]
    return "\n".join(lines) + "\n"


def test_each_conversation_that_is_not_in_french_is_named_and_nothing_is_ranked(
    desk: Desk,
) -> None:
    desk.add("m.csv", chats())
    found = desk.run("messages.languages")
    told = {
        f.subjects[0].value: f.lead.facts["lang"] for f in found if f.subjects[0].type == "thread"
    }
    codes = ("es", "nl", "en", "pt", "it", "sq", "ary")
    assert told == {code: code for code in codes} | {"both": told["both"]}
    assert set(told["both"].split(", ")) == {"fr", "es"}
    assert {f.score for f in found} == {0.0}
    [count] = [f for f in found if f.subjects[0].type == "device"]
    assert {r.facts["lang"]: r.facts["n"] for r in count.reasons}["fr"] == 2
    spanish = next(f for f in found if f.subjects[0].value == "es")
    assert spanish.title == "Conversation in Spanish"
    assert all(line.startswith("es,") for line in desk.cited(spanish))


def test_a_search_can_ask_for_a_language_once_they_are_told(desk: Desk) -> None:
    desk.add("m.csv", chats())
    with pytest.raises(UsageError, match="not been told") as error:
        desk.workspace().search("lang:es noche")
    assert "messages.languages" in str(error.value.hint)
    desk.run("messages.languages")
    answer = desk.workspace().search("lang:es")
    assert {hit.values["thread_id"] for hit in answer.hits} <= {"es", "both"}
    assert desk.workspace().search("langue:es noche").total == 2
    assert desk.workspace().search("lang:de").total == 0
    assert desk.workspace().search("-lang:es adresse").total >= 1
    with pytest.raises(UsageError, match="are counted"):
        desk.workspace().search("lang:fr adresse")


def test_a_customs_mandate_has_no_model_read_messages(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(regime="customs"))
    desk.add("m.csv", chats())
    with pytest.raises(Refused):
        desk.run("messages.languages")
