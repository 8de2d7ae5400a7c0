"""Triage, the word scan and search over realistic messages, each beside a peer on the same file.

Traffic as handsets hold it: lengths log-normal, words by Zipf's law with the everyday lines that
people send again and again among them, a conversation in a hundred about trafficking. Conversations
and accounts are as many, in proportion, as for 120 million messages on 60,000 handsets. What counts
is the ratio: times on a shared machine say little. Peers that are not installed are left out.

Run: ``.venv/bin/python benchmarks/messages.py --messages 1000000``
"""

import argparse
import importlib.util
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from faisceau.analyses.messages._alarm import alarm
from faisceau.case.adding import Added
from faisceau.case.running import RunReport
from faisceau.case.workspace import Workspace
from faisceau.tables.lexicons import load_lexicon
from faisceau.testing import Clock, mandate

WORDS = """
je tu il on de la le c'est pas et a les que un est en ça pour moi une dans qui des t'es ai
j'ai bien plus mais toi ce avec me si sur tout oui fait non là va te du au ok ou quoi suis
faut vais mdr trop comme même demain peut être ils elle y se mon ton ma nous vous quand sais
dit merci voir aussi encore alors rien jamais temps soir après vraiment parce maintenant vers
jour chez bon juste besoin fais veux peux heure matin deux avant toujours dire maison travail
semaine genre puis mec gars argent voiture train photo film cours repas chien vacances
anniversaire maman papa école rendez-vous week-end appel message boulot fatigué
"""
LINES = """
t'es où ?; j'arrive dans 10 min; ok ça marche; je suis en bas; tu viens ce soir ?; oui vers
20h; bonne nuit ❤️; t'as mangé ?; je passe te prendre à 18h; mdr; j'suis au taf; appelle moi
quand tu peux; c'est combien ?; 15 euros chacun; on se retrouve devant la gare; prends du
pain; t'as pas répondu; désolé je dormais; dis lui que j'arrive; tkt; merci beaucoup; c'est
bon je suis là; ok à demain; il reste des pâtes; je te fais un virement; le prof est absent;
j'ai raté le bus; t'es dispo samedi ?; viens à la maison; je rentre; bon anniversaire !!; les
enfants sont couchés; on mange quoi; j'ai un rdv chez le médecin; tu me rappelles ?; ça va et
toi ?; 5 min; laisse la clé sous le paillasson; le colis est arrivé; je descends; tu fais
quoi; rien et toi; haha; c'est quoi l'adresse ?; 12 rue des lilas; t'as vu le match ?; j'en
peux plus; pas de souci; je t'envoie la photo; ils ont perdu; prends la voiture; il fait trop
chaud; on part à 8h; garde moi une place; je paye en cash; tu peux me déposer ?; y'a les flics
sur le périph; efface la photo stp
"""
SCENES = (
    "wsh t dispo ?|ouais tu veux quoi|mets m'en 2 comme samedi|80 les 2, jsuis en bas dans 10 min",
    "arah ça passe côté école|ferme tout, tlm rentre|ils sont 2, clio grise|dis aux clients 17h",
    "garde le sac chez toi jusqu'à vendredi|y'a quoi dedans|ouvre pas. 300 pour toi|ok sous le lit",
    "si on te demande t'es en vacances|et la valise ?|un gars te la donne, tu l'ouvres pas",
    "t'as fait combien ?|1240, il reste 18|le grand passe prendre l'argent à minuit",
    "change de puce ce soir|ok et l'ancienne|casse la et efface la conv, parle plus au tel",
)
QUERIES = (
    "demain",
    "colis",
    "anniversaire",
    '"en bas"',
    "virement photo",
    "valis*",
    "médecin~",
    "gare -bus",
)
ASKED = "SELECT rowid, highlight(m, 0, '[', ']') FROM m WHERE m MATCH ? ORDER BY rank LIMIT 20"
START_US = 1_767_225_600_000_000
BATCH = 250_000
Ints = npt.NDArray[np.int64]


# ---- material ----


def traffic(n: int) -> Iterator[pa.RecordBatch]:
    """Messages in the columns of the table, conversation after conversation as chats mix them."""
    chance = np.random.default_rng(1)
    tail = ["".join(chance.choice(list("abcdeéfghilmnoprstuv"), 7)) for _ in range(40_000)]
    words = pa.array([*WORDS.split(), *tail])
    weight = 1 / np.arange(1, len(words) + 1)
    law = np.cumsum(weight / weight.sum())
    talks = max(100, n // 60)
    handsets = max(1, n // 2000)
    told = [scene.split("|") for scene in SCENES]
    for start in range(0, n, BATCH):
        size = min(BATCH, n - start)
        texts = drawn(size, words, law, chance)
        talk = np.minimum((chance.pareto(0.9, size) * talks / 40).astype(np.int64), talks - 1)
        texts, talk = with_scenes(texts, talk, told, talks, chance)
        side = chance.integers(0, 2, size)
        yield pa.record_batch(
            {
                "account": pa.array([f"+336{t % handsets:08}" for t in talk.tolist()]),
                "thread_id": pa.array([f"T{t}" for t in talk.tolist()]),
                "sender_id": pa.array(
                    [
                        f"+337{t * 2 + s:08}"
                        for t, s in zip(talk.tolist(), side.tolist(), strict=True)
                    ]
                ),
                "sent_at": pa.array(START_US + (start + np.arange(size)) * 60_000_000 // 4).cast(
                    pa.timestamp("us", tz="UTC")
                ),
                "text": texts,
            }
        )


def drawn(
    size: int, words: pa.Array, law: npt.NDArray[np.float64], chance: np.random.Generator
) -> pa.Array:
    """Texts: two in five are everyday lines, the others words; both in Zipf's proportions."""
    lengths = np.maximum(1, chance.lognormal(1.7, 0.8, size).astype(np.int64))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    said = words.take(pa.array(np.searchsorted(law, chance.random(int(offsets[-1])))))
    free = pa.compute.binary_join(pa.ListArray.from_arrays(offsets, said), " ")
    known = pa.array(" ".join(LINES.split()).split("; "))
    often = np.cumsum(1 / np.arange(1, len(known) + 1))
    lines = known.take(pa.array(np.searchsorted(often, chance.random(size) * often[-1])))
    return pa.compute.if_else(pa.array(chance.random(size) < 0.4), lines, free)


def with_scenes(
    texts: pa.Array,
    talk: Ints,
    told: list[list[str]],
    talks: int,
    chance: np.random.Generator,
) -> tuple[pa.Array, Ints]:
    """One conversation in a hundred gets a scene: its lines, one after the other."""
    every, changed = texts.to_pylist(), talk.copy()
    for _ in range(max(1, len(texts) // 6000)):
        scene = told[int(chance.integers(0, len(told)))]
        at, into = int(chance.integers(0, len(every) - 9)), int(chance.integers(0, talks))
        for step, line in enumerate(scene):
            every[at + step], changed[at + step] = line, into
    return pa.array(every), changed


def written(path: Path, plain: Path, n: int) -> None:
    """The messages as Parquet, and their texts alone, a line each, for the peers."""
    writer = None
    with plain.open("w", encoding="utf-8") as lines:
        for batch in traffic(n):
            writer = writer or pq.ParquetWriter(path, batch.schema, compression="zstd")
            writer.write_batch(batch)
            lines.writelines(f"{text}\n" for text in batch["text"].to_pylist())
    assert writer is not None
    writer.close()


# ---- measuring ----


def timed(run: Callable[[], object]) -> float:
    """Seconds of one run."""
    began = perf_counter()
    run()
    return perf_counter() - began


def told(task: str, n: int, seconds: float, peer: str = "", theirs: float | None = None) -> None:
    """One printed line: a rate, beside a peer's."""
    ratio = "" if theirs is None else f"{peer}: {theirs:7.2f} s, ratio {seconds / theirs:.2f}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{task:30} {seconds:8.2f} s {n / seconds / 1e6:8.3f} M/s  peak {peak:.1f} GB  {ratio}")


def scanning(texts: pa.Array, plain: Path, folder: Path) -> None:
    """The first look's fragments in all the texts, beside programs that look for fixed words."""
    scanner = alarm(load_lexicon("stupefiants")).scanner
    scanner.met(texts.slice(0, 10))
    ours = timed(lambda: scanner.met(texts))
    words = folder / "words.txt"
    words.write_text("\n".join(scanner.fragments()) + "\n", encoding="utf-8")
    for name, command in {
        "grep -F -f": ["grep", "-c", "-i", "-F", "-f", str(words), str(plain)],
        "ripgrep": ["rg", "-c", "-i", "-F", "-f", str(words), str(plain)],
    }.items():
        if shutil.which(command[0]):
            run = lambda c=command: subprocess.run(c, check=True, capture_output=True)  # noqa: E731
            told("word scan", len(texts), ours, name, timed(run))
    if importlib.util.find_spec("ahocorasick"):
        told("word scan", len(texts), ours, "pyahocorasick", timed(lambda: automaton(texts, words)))


def automaton(texts: pa.Array, words: Path) -> int:
    """How many messages hold one of the words, by pyahocorasick."""
    import ahocorasick  # type: ignore[import-not-found]

    made = ahocorasick.Automaton()
    for word in words.read_text(encoding="utf-8").split("\n"):
        if word:
            made.add_word(word, word)
    made.make_automaton()
    return sum(next(made.iter(t.lower()), None) is not None for t in texts.to_pylist())


def searching(case: Workspace, texts: pa.Array, folder: Path, repeat: int) -> None:
    """Latency of mixed queries through the door, beside FTS5 on the texts alone."""
    told("index, and a first search", len(texts), timed(lambda: case.search("demain")))
    database = folder / "fts.db"
    built = timed(lambda: full_text(database, texts))
    print(f"{'':30} {built:8.2f} s SQLite FTS5 built")
    mine, theirs = [], []
    with closing(sqlite3.connect(database)) as db:
        for turn in range(repeat):
            query = QUERIES[turn % len(QUERIES)]
            mine.append(timed(lambda q=query: case.search(q)))  # type: ignore[misc]
            plain = query.replace("~", "").replace(" -bus", " NOT bus")
            theirs.append(timed(lambda q=plain: db.execute(ASKED, (q,)).fetchall()))  # type: ignore[misc]
    for name, times in (("search through the door", mine), ("SQLite FTS5", theirs)):
        cuts = statistics.quantiles(times, n=100)
        print(f"{name:30} median {cuts[49] * 1e3:7.1f} ms   p99 {cuts[98] * 1e3:7.1f} ms")


def full_text(path: Path, texts: pa.Array) -> None:
    """The texts in an FTS5 table."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "CREATE VIRTUAL TABLE m USING fts5(text, tokenize='unicode61 remove_diacritics 2')"
        )
        db.executemany("INSERT INTO m VALUES (?)", ((t,) for t in texts.to_pylist()))
        db.commit()


def main(n: int, queries: int, in_place: Path | None) -> None:
    with tempfile.TemporaryDirectory(dir=in_place) as name:
        folder = Path(name)
        os.environ["FAISCEAU_HOME"] = str(folder / "home")
        file, plain = folder / "messages.parquet", folder / "texts.txt"
        written(file, plain, n)
        Workspace.create(folder / "case", mandate(), clock=Clock())
        case = Workspace.open(folder / "case", clock=Clock())
        added: list[Added] = []
        seconds = timed(lambda: added.extend(case.add([file])))
        if added[0].error is not None:
            raise added[0].error
        told("add from Parquet", n, seconds)
        reports: list[RunReport] = []
        seconds = timed(lambda: reports.append(case.run(["messages.triage"])))
        told(f"triage, {reports[0].ran[0].new} findings", n, seconds)
        texts = pq.read_table(file, columns=["text"])["text"].combine_chunks()
        scanning(texts, plain, folder)
        if queries:
            searching(case, texts, folder, queries)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200, help="searches timed; 0: none")
    parser.add_argument("--in-place", type=Path, help="folder for the files, when /tmp is small")
    given = parser.parse_args()
    main(given.messages, given.queries, given.in_place)
