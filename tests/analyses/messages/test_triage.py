"""What triage says of a conversation, told by examples."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from faisceau.findings.model import Lead
from faisceau.tables.schemas import MESSAGE
from faisceau.testing import Desk

from .conftest import Run, rows, told

START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)

ORDER = (
    ("c", "wsh frr t dispo ce soir ?"),
    ("d", "ouais viens au meme endroit, tout seul"),
    ("c", "mets m'en 2, la même que samedi elle tapait bien"),
    ("d", "80 les 2. jsuis en bas dans 10 min"),
)
CONTAINER = (
    ("o", "la boite arrive mardi au havre, le gars du quai envoie le code"),
    ("q", "120 kilos dedans, il veut 30k pour la sortie. efface la conv"),
)
MENU = (("m", "Nouvel arrivage ❄️ 1g 60€ 🍫 10g 50€ 🥦 5g 50€ livraison 7j/7, min de commande 50€"),)


def talk(thread: str, *lines: tuple[str, str], first: int = 1, **more: Any) -> list[dict[str, Any]]:
    """Message rows of one conversation, a minute apart."""
    people = sorted({who for who, _ in lines})
    return [
        {
            "row_id": first + position,
            "exhibit_id": "E1",
            "account": None,
            "thread_id": thread,
            "sender_id": who,
            "recipients": [p for p in people if p != who],
            "sent_at": START + timedelta(minutes=position),
            "text": text,
        }
        | more
        for position, (who, text) in enumerate(lines)
    ]


def codes(lead: Lead) -> set[str]:
    return {reason.code for reason in lead.reasons}


@pytest.mark.parametrize(
    ("lines", "scene"), [(ORDER, "order_unnamed"), (CONTAINER, "port"), (MENU, "menu")]
)
def test_a_scene_is_recognised_and_told(
    run: Run, lines: tuple[tuple[str, str], ...], scene: str
) -> None:
    [lead] = run(talk("T1", *lines))
    assert scene in codes(lead)
    assert lead.score > 0.5
    assert (lead.subjects[0].type, lead.subjects[0].value) == ("thread", "T1")
    assert "E1" in lead.subjects[0].label


def test_what_is_sent_at_night_weighs_more_and_the_hour_is_told(run: Run) -> None:
    """From 22:00 to 5:00 on the clock of the zone: 20:30 in UTC is 21:30 in Paris in winter."""

    def said(first: datetime, **params: Any) -> tuple[float, str]:
        lines = talk("T1", *ORDER)
        for minute, row in enumerate(lines):
            row["sent_at"] = first + timedelta(minutes=minute)
        [lead] = run(lines, **params)
        [order] = [r for r in lead.reasons if r.code == "order_unnamed"]
        return order.weight, order.in_words()

    evening, _ = said(datetime(2026, 3, 2, 20, 30, tzinfo=UTC))
    late, words = said(datetime(2026, 3, 2, 21, 30, tzinfo=UTC))
    assert late > evening
    assert "22:3" in words
    summer, _ = said(datetime(2026, 7, 2, 20, 30, tzinfo=UTC))
    early, _ = said(datetime(2026, 3, 3, 3, 59, tzinfo=UTC))
    day, _ = said(datetime(2026, 3, 3, 4, 30, tzinfo=UTC))
    assert (summer, early, day) == (late, late, evening)
    assert said(datetime(2026, 3, 2, 20, 30, tzinfo=UTC), timezone="Indian/Reunion")[0] == late


BARE = """\
version: 1
near: 4
sources:
  usage: "Usage"
macros: {{}}
entries:
{entries}
traits: []
scenes: []
contexts: []
"""
RESIN = """\
- concept: resin
  kinds: [product]
  meaning: {fr: résine, en: resin}
  terms: teuch
  source: usage
  date: 2026-11-24"""


@pytest.mark.parametrize("entries", [RESIN, "  []"])
def test_a_lexicon_without_scenes_finds_nothing_and_fails_on_nothing(
    run: Run, tmp_path: Path, entries: str
) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text(BARE.format(entries=entries))
    assert run(talk("T1", ("a", "de la teuch"), ("b", "ok"))[:2], lexicon=str(path)) == []


def test_a_reason_names_the_words_the_messages_and_the_weight(run: Run) -> None:
    [lead] = run(talk("T1", *ORDER, first=40))
    [secret] = [r for r in lead.reasons if r.code == "secrecy"]
    assert "tout seul" in secret.in_words()
    assert secret.by_table() == {"message": [41]}
    assert secret.weight > 0


@pytest.mark.parametrize(
    "lines",
    [
        (("a", "tu mets quoi dans le poulet ?"), ("b", "de l'herbe, four à 180, un coca frais")),
        (("a", "votre livraison est prête à la pharmacie"), ("b", "avec l'ordonnance, merci")),
        (("a", "ton plan pour ce soir ?"), ("b", "coke light et pizza, le livreur arrive")),
        (("a", "herbe"), ("b", "coke"), ("a", "livraison"), ("b", "plan"), ("a", "four")),
        (("a", "on se voit demain ?"), ("b", "oui à 18h")),
    ],
)
def test_ambiguous_words_alone_rank_nothing(run: Run, lines: tuple[tuple[str, str], ...]) -> None:
    assert all(lead.score < 0.2 for lead in run(talk("T1", *lines)))


def test_what_speaks_for_a_person_is_kept_as_a_negative_reason(run: Run) -> None:
    lines = (
        *ORDER,
        ("c", "et on enregistre mon couplet au studio, jai fini le refrain sur la prod"),
    )
    [lead], [bare] = run(talk("T1", *lines)), run(talk("T1", *ORDER))
    [song] = [r for r in lead.reasons if "refrain" in r.in_words()]
    assert song.weight < 0
    assert lead.score < bare.score


def test_the_order_of_rows_changes_nothing(run: Run) -> None:
    given = [*rows(told("first")[:20]), *talk("T1", *ORDER, first=1)]
    shuffled = random.Random(7).sample(given, len(given))
    assert run(shuffled) == run(given)


def test_the_score_does_not_depend_on_the_rest_of_the_case(run: Run) -> None:
    alone = run(talk("T1", *ORDER, first=1))[0]
    among = run([*talk("T1", *ORDER, first=1), *rows(told("first"))])
    assert [r.score for r in among if r.subjects[0].value == "T1"] == [alone.score]


def test_leads_come_by_falling_score_up_to_the_limit(run: Run) -> None:
    given = rows(told("first"))
    every = [lead.score for lead in run(given)]
    assert every == sorted(every, reverse=True)
    assert [lead.score for lead in run(given, limit=3)] == every[:3]


def test_without_a_thread_the_participants_are_the_conversation(run: Run) -> None:
    given = talk("T1", *ORDER, thread_id=None)
    [lead] = run(given)
    assert lead.subjects[0].value == "c, d"
    cited = {i for r in lead.reasons for i in r.by_table()[MESSAGE.name]}
    assert cited == {1, 2, 3, 4}


def test_the_same_thread_on_two_accounts_or_exhibits_is_two_conversations(run: Run) -> None:
    given = [
        *talk("T1", *ORDER, first=1),
        *talk("T1", *ORDER, first=11, account="+33600000001"),
        *talk("T1", *ORDER, first=21, exhibit_id="E2"),
    ]
    labels = sorted(lead.subjects[0].label for lead in run(given))
    assert labels == ["T1 (E1)", "T1 (E1, +33600000001)", "T1 (E2)"]


def test_whoever_takes_part_in_a_strong_conversation_lends_a_little(run: Run) -> None:
    weak = (("d", "t dispo ? mets m'en 2"), ("z", "oui jsuis en bas, viens tout seul"))
    strong = (*ORDER, *CONTAINER, *((who, text) for who, text in MENU))
    given = [
        *talk("strong", *strong, first=1),
        *talk("tied", *weak, first=21),
        *talk("loose", *((who + "x", text) for who, text in weak), first=31),
    ]
    leads = {lead.subjects[0].value: lead for lead in run(given)}
    [tie] = [r for r in leads["tied"].reasons if r.code == "tie"]
    assert "strong" in tie.in_words()
    assert leads["tied"].score > leads["loose"].score
    assert "tie" not in codes(leads["loose"])


def test_a_long_thread_is_discounted(run: Run) -> None:
    chatter = [("e", "il fait beau aujourd'hui non ?")] * 400
    [short] = run(talk("T1", *ORDER))
    [long] = run(talk("T1", *chatter[:200], *ORDER, *chatter[200:]))
    assert long.score < short.score


def test_a_long_thread_is_judged_by_its_strongest_stretch(run: Run) -> None:
    chatter = [("e", "il fait beau aujourd'hui non ?")] * 500
    [early] = run(talk("T1", *chatter[:70], *ORDER, *chatter[70:]), timezone="Pacific/Honolulu")
    [late] = run(talk("T1", *chatter[:333], *ORDER, *chatter[333:]), timezone="Pacific/Honolulu")
    assert early.score == late.score
    assert [r.text for r in early.reasons] == [r.text for r in late.reasons]


def test_a_scene_at_the_edge_of_a_stretch_is_whole_in_the_next(run: Run) -> None:
    chatter = [("e", "il fait beau aujourd'hui non ?")] * 200
    scores = {run(talk("T1", *chatter[:n], *ORDER, *chatter[n:]))[0].score for n in (27, 58, 88)}
    assert len(scores) == 1


def test_words_that_make_no_scene_are_no_finding(run: Run) -> None:
    assert run(talk("T1", ("a", "t'as vu le match ?"), ("b", "oui, cash 20 euros de perdus"))) == []


def test_how_they_speak_is_bounded_by_what_they_do_and_comes_after_it(run: Run) -> None:
    orders = [("d", "tu prends rien, tu laisses pas, et si ya personne tu montes pas")] * 6
    [lead] = run(talk("T1", *ORDER, *orders))
    manners = {"commands", "contingency", "persons_unnamed", "prohibitions", "numbers_alone"}
    manners |= {"things_unnamed", "courteous"}
    speech = [r.code in manners for r in lead.reasons]
    assert speech == sorted(speech)
    said = sum(r.weight for r in lead.reasons if r.code in manners)
    done = sum(r.weight for r in lead.reasons if r.code not in manners)
    assert 0 < said <= 1.5 * done + 0.01


def test_empty_and_absent_texts_are_no_trouble(run: Run) -> None:
    given = talk("T1", *ORDER, ("c", ""))
    given.append({**given[0], "row_id": 99, "text": None, "sender_id": None, "recipients": None})
    assert len(run(given)) == 1
    assert run([]) == []


def test_on_a_real_case_the_finding_cites_its_messages(desk: Desk) -> None:
    lines = ["sent_at,thread_id,sender_id,recipients,text"]
    lines += [f'2026-03-01T20:0{i}:00Z,T1,{who},x,"{text}"' for i, (who, text) in enumerate(ORDER)]
    desk.add("messages.csv", "\n".join(lines), as_table="message")
    [finding] = desk.run("messages.triage")
    assert finding.subjects[0].value == "T1"
    assert finding.params["lexicon"].startswith("stupefiants ")
    assert desk.run("messages.triage") == [finding]


SPOKEN = {
    "es": (
        "que tal, tienes coca hoy? cuanto el gramo",
        "si tengo, 60 euros el gramo, de la buena",
        "quiero dos gramos, pago en efectivo",
        "vale, estoy abajo en 10 min, ven solo",
    ),
    "nl": (
        "heb je nog wiet? hoeveel per gram",
        "ja, 10 euro per gram, goede kwaliteit",
        "ik wil 5 gram, contant",
        "ik ben er over 10 min, kom alleen",
    ),
    "en": (
        "yo you got any coke tonight? how much a gram",
        "yeah 70 a gram, top quality, cash only",
        "i need two grams",
        "my driver is outside in 10 mins, come alone",
    ),
    "pt": (
        "tens cocaina hoje? quanto o grama",
        "tenho, 50 euros o grama, da boa",
        "quero duas gramas, pago em dinheiro",
        "estou la em baixo em 10 min, vem sozinho",
    ),
    "it": (
        "hai cocaina stasera? quanto al grammo",
        "si, 70 euro al grammo, roba buona",
        "voglio due grammi, pago in contanti",
        "sono sotto tra 10 min, vieni da solo",
    ),
    "sq": (
        "a ke kokaine sot? sa kushton grami",
        "po, 60 euro grami, mall i mire",
        "dua dy gram, me para ne dore",
        "jam poshte per 10 min, eja vetem",
    ),
    "ary": (
        "salam khoya kayn lhchich lyoum? bchhal lgram",
        "kayn, 50 dh lgram, nadi",
        "bghit joj gram, ghadi nkhless cash",
        "ana taht, aji bohdek",
    ),
}


@pytest.mark.parametrize("language", SPOKEN)
def test_an_order_is_recognised_in_the_languages_met(run: Run, language: str) -> None:
    lines = [("cd"[n % 2], said) for n, said in enumerate(SPOKEN[language])]
    [lead] = run(talk("T1", *lines))
    assert lead.score > 0.3
