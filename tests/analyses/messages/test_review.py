"""Active review, told by examples: what is put forward, why, when it may stop, who may run it."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from faisceau.analyses.messages import _learning as learning
from faisceau.analyses.messages._stopping import least, needed
from faisceau.analyses.messages.review import clues_of
from faisceau.case.plugins import plugins
from faisceau.errors import Refused
from faisceau.findings.model import Finding
from faisceau.tables.lexicons import load_lexicon
from faisceau.testing import Desk, mandate

from .talks import Made, made

CNCTR = '[authorisations.cnctr]\nreference = "CNCTR/2026/12"\ndate = 2026-09-02\n'
EASY = {"target": 0.6, "confidence": 0.8, "batch": 8}
"""A statement that needs four relevant conversations drawn at random."""


@pytest.fixture
def service(tmp_path: Path) -> Desk:
    """A desk where learnt ranking is allowed: intelligence, with its authorisation."""
    return Desk(tmp_path / "desk", mandate(regime="intelligence", more=CNCTR))


def written(talks: Made) -> str:
    """The conversations as a file of messages: one thread each, called by its number."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["thread_id", "sender_id", "sent_at", "text"])
    for n, text in enumerate(talks.texts):
        for minute, line in enumerate(text.split("\n")):
            at = f"2026-09-01T10:{minute:02}:00Z"
            rows.writerow([f"T{n:04}", f"+3363998{n:04}", at, line])
    return out.getvalue()


def put_forward(found: list[Finding]) -> list[Finding]:
    """The conversations to judge now."""
    return [f for f in found if f.subjects[0].type == "thread" and f.status == "new"]


def standing(found: list[Finding]) -> Finding:
    [one] = [f for f in found if f.subjects[0].type == "device"]
    return one


def test_a_review_from_the_first_batch_to_the_statement(service: Desk) -> None:
    talks = made(count=60, relevant=10, seed=5)
    service.add("talks.csv", written(talks))
    judged = 0
    while True:
        found = service.run("messages.review", **EASY)
        now = standing(found)
        if now.reasons[0].code == "certified":
            break
        desk = service.workspace()
        for finding in put_forward(found):
            n = int(finding.subjects[0].value[1:])
            verdict = "confirmed" if talks.relevant[n] else "dismissed"
            desk.review(finding.finding_id, verdict)
            judged += 1
        assert put_forward(found)
        assert judged < 60, "a bound that is stated only once all was read saves nothing"
    assert put_forward(found) == []
    assert now.reasons[0].in_words() == (
        f"After {judged} of 60 conversations, recall is at least 60 % with 80 % confidence: "
        "the review may stop"
    )
    kept = [f for f in found if f.status in ("confirmed", "dismissed")]
    assert len(kept) == judged, "what was judged stays, with its verdict"
    assert sum(f.status == "confirmed" for f in kept) >= 6
    assert service.run("messages.review", **EASY) == found


def test_a_proposal_shows_the_words_it_was_put_forward_for(service: Desk) -> None:
    talks = Made(
        ["la frappe est là, passe au bât 3"] * 3
        + ["le gâteau est prêt, passe à la maison"] * 3
        + ["nouvelle frappe ce soir\nun détail\nbât 3 toujours", "le gâteau est froid"],
        [True] * 3 + [False] * 3 + [True, False],
    )
    service.add("talks.csv", written(talks))
    found = service.run("messages.review", batch=6)
    desk = service.workspace()
    for finding in put_forward(found):
        n = int(finding.subjects[0].value[1:])
        if n < 6:
            desk.review(finding.finding_id, "confirmed" if talks.relevant[n] else "dismissed")
    best = max(put_forward(service.run("messages.review", batch=6)), key=lambda f: f.score)
    assert best.subjects[0].value == "T0006"
    [words] = [r for r in best.reasons if r.code == "words_for"]
    assert "frappe" in words.facts["words"]
    assert words.weight > 0
    cited = service.rows(
        "message", f"row_id IN ({', '.join(map(str, words.by_table()['message']))})"
    )
    assert [row["text"] for row in cited] == ["nouvelle frappe ce soir", "bât 3 toujours"]


def test_verdicts_on_other_findings_are_learnt_from(service: Desk) -> None:
    scene = "t dispo ?\nouais tu veux quoi\nmets m'en 2 comme samedi\n80 les 2, jsuis en bas"
    texts = [scene, scene.replace("samedi", "hier"), "le gâteau est prêt", "tu viens ce soir ?"]
    service.add("talks.csv", written(Made(texts, [True, True, False, False])))
    triage = service.run("messages.triage")
    assert triage
    service.workspace().review(triage[0].finding_id, "confirmed")
    now = standing(service.run("messages.review"))
    assert (now.lead.facts["n"], now.lead.facts["found"]) == (1, 1)


def test_a_judicial_case_may_not_run_it_and_its_help_says_so(desk: Desk) -> None:
    desk.add("talks.csv", written(made(count=3, relevant=1, seed=1)))
    with pytest.raises(Refused, match="has no place in a judicial regime"):
        desk.run("messages.review")
    it = plugins().analysis("messages.review")
    assert it.kind == "ai"
    for told in (it.meaning, it.method):
        assert "A case under a judicial mandate, EncroChat included, may not run" in told


def test_the_first_batch_is_that_of_the_clues_and_the_draw_knows_nothing_of_it() -> None:
    talks = made(count=200, relevant=10, seed=3)
    clues = clues_of(talks.texts, load_lexicon("stupefiants"))
    given = learning.features(talks.texts, clues)
    first = np.argsort(-clues.sum(axis=1), kind="stable").tolist()
    start = learning.replay(given, first, {}, batch=20)
    assert (start.waiting, start.met, start.ended) == (first[:20], [], False)
    chance = {i: talks.relevant[i] for i in range(0, 200, 7)}
    with_draws = learning.replay(given, first, chance, batch=20)
    assert set(with_draws.waiting) == set(first[:20]) - set(chance)


# ---- what it must show ----


def reviewed(talks: Made, batch: int = 20) -> list[int]:
    """Conversations in the order in which a whole review meets them."""
    clues = clues_of(talks.texts, load_lexicon("stupefiants"))
    given = learning.features(talks.texts, clues)
    first = np.argsort(-clues.sum(axis=1), kind="stable").tolist()
    verdicts: dict[int, bool | None] = dict(enumerate(talks.relevant))
    all_of_them = {i for i, is_relevant in enumerate(talks.relevant) if is_relevant}
    end = learning.replay(given, first, verdicts, batch=batch, stop=all_of_them.issubset)
    rest = sorted(set(range(len(talks.texts))) - set(end.met))
    return [*end.met, *rest]


def saved(order: list[int], talks: Made, recall: float = 0.95) -> float:
    """Work saved over sampling at a recall (WSS; Cohen et al. 2006)."""
    places = [n for n, i in enumerate(order, 1) if talks.relevant[i]]
    read = places[int(np.ceil(recall * len(places))) - 1]
    return (len(order) - read) / len(order) - (1 - recall)


def promise_kept(order: list[int], talks: Made, chance: np.random.Generator) -> bool:
    """One review that stops where the rule says: does its recall reach 0.8?"""
    target, confidence = 0.80, 0.95
    wanted = least(target, confidence)
    relevant = [i for i in chance.permutation(len(order)).tolist() if talks.relevant[i]]
    sample = set(relevant[:wanted])
    places = [n for n, i in enumerate(order, 1) if i in sample]
    stop = places[(needed(wanted, target, confidence) or 0) - 1]
    found = sum(talks.relevant[i] for i in order[:stop])
    return found >= target * sum(talks.relevant)


def test_it_saves_three_quarters_of_the_work() -> None:
    talks = made(count=600, relevant=30, seed=1)
    assert saved(reviewed(talks), talks) >= 0.75


@pytest.mark.slow
def test_the_bound_holds_in_a_hundred_repeated_reviews(capsys: pytest.CaptureFixture[str]) -> None:
    chance = np.random.default_rng(11)
    kept, work = [], []
    for seed in range(10):
        talks = made(count=1500, relevant=60 + seed, seed=100 + seed)
        order = reviewed(talks)
        work.append(saved(order, talks))
        kept += [promise_kept(order, talks, chance) for _ in range(10)]
    with capsys.disabled():
        print(f"\nWSS@95 {min(work):.2f} to {max(work):.2f}; the bound held in {sum(kept)} of 100")
    assert min(work) >= 0.75
    assert sum(kept) >= 90
