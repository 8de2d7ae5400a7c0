"""Adding, triage, the word scan, identifiers and search over realistic messages, beside peers.

Traffic as handsets hold it: lengths log-normal, words by Zipf's law with the everyday lines that
people send again and again among them, a conversation in a hundred about trafficking. Conversations
and accounts are as many, in proportion, as for 120 million messages on 60,000 handsets. What counts
is the ratio: times on a shared machine say little. Peers that are not installed (ripgrep,
pyahocorasick, FlashText with pandas) are left out and named. Memory is the peak of this process,
ours and the peers' together: ``--no-peers`` measures ours alone, and needs no list of texts.

Run: ``.venv/bin/python benchmarks/messages.py --messages 1000000 [--exhibits 5000] [--in-place]``
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
from contextlib import ExitStack, closing, contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from faisceau.analyses.messages._alarm import alarm
from faisceau.case.running import RunReport
from faisceau.case.workspace import Workspace
from faisceau.tables.identifiers.scan import candidates, found_in
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


def written(folder: Path, plain: Path, n: int, exhibits: int, kind: str) -> list[Path]:
    """The messages in so many files, and their texts alone, a line each, for the peers."""
    folder.mkdir()
    each, made = -(-n // exhibits), list[Path]()
    with plain.open("w", encoding="utf-8") as lines, ExitStack() as writing:
        left = 0
        write: Callable[[pa.RecordBatch], object] = nowhere
        for batch in traffic(n):
            at = 0
            while at < len(batch):
                if not left:
                    writing.close()
                    made.append(folder / f"messages-{len(made):05}.{kind}")
                    left, write = each, writing.enter_context(_writer(made[-1], batch.schema))
                part = batch.slice(at, min(left, len(batch) - at))
                write(part)
                at, left = at + len(part), left - len(part)
            lines.writelines(f"{text}\n" for text in batch["text"].to_pylist())
    return made


def nowhere(_: pa.RecordBatch) -> None:
    """Before the first file."""


@contextmanager
def _writer(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.RecordBatch], object]]:
    """What writes batches into a new file: Parquet, or JSON Lines."""
    if path.suffix == ".parquet":
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            yield writer.write_batch
    else:
        with path.open("wb") as lines:
            yield lambda batch: lines.writelines(
                orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in batch.to_pylist()
            )


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


def scanning(plain: Path, n: int, folder: Path, peers: bool) -> None:
    """The first look's fragments in all the texts, beside programs that look for fixed words.

    Ours goes through the texts a batch after the other, like the others through the file.
    """
    scanner = alarm(load_lexicon("stupefiants")).scanner
    scanner.met(pa.array(["bonjour"]))
    ours = sum(timed(lambda t=texts: scanner.met(t)) for texts in read_back(plain))  # type: ignore[misc]
    told("word scan", n, ours)
    words = folder / "words.txt"
    words.write_text("\n".join(scanner.fragments()) + "\n", encoding="utf-8")
    for name, command in {
        "grep -F -f": ["grep", "-c", "-i", "-F", "-f", str(words), str(plain)],
        "ripgrep": ["rg", "-c", "-i", "-F", "-f", str(words), str(plain)],
    }.items():
        if not peers or shutil.which(command[0]) is None:
            print(f"{'':30} {name}: left out")
        else:
            run = lambda c=command: subprocess.run(c, check=True, capture_output=True)  # noqa: E731
            told("word scan", n, ours, name, timed(run))
    python = {"pyahocorasick": ("ahocorasick", automaton), "FlashText": ("flashtext", flashtext)}
    for name, (module, peer) in python.items():
        if not peers or importlib.util.find_spec(module) is None:
            print(f"{'':30} {name}: left out")
        else:
            theirs = sum(timed(lambda t=t, p=peer: p(t, words)) for t in read_back(plain))  # type: ignore[misc]
            told("word scan", n, ours, name, theirs)


def read_back(plain: Path) -> Iterator[pa.Array]:
    """The texts of the file, a batch after the other."""
    with plain.open(encoding="utf-8", newline="\n") as lines:
        while texts := [line[:-1] for line in islice(lines, BATCH)]:
            yield pa.array(texts)


@lru_cache(maxsize=1)
def _automaton(words: Path) -> Any:
    import ahocorasick  # type: ignore[import-not-found]

    made = ahocorasick.Automaton()
    for word in words.read_text(encoding="utf-8").split("\n"):
        if word:
            made.add_word(word, word)
    made.make_automaton()
    return made


def automaton(texts: pa.Array, words: Path) -> int:
    """How many messages hold one of the words, by pyahocorasick over a pandas series."""
    made = _automaton(words)
    return int(texts.to_pandas().map(lambda t: next(made.iter(t.lower()), None) is not None).sum())


@lru_cache(maxsize=1)
def _keywords(words: Path) -> Any:
    from flashtext import KeywordProcessor  # type: ignore[import-not-found]

    made = KeywordProcessor()
    made.add_keywords_from_list([w for w in words.read_text(encoding="utf-8").split("\n") if w])
    return made


def flashtext(texts: pa.Array, words: Path) -> int:
    """The same by FlashText."""
    made = _keywords(words)
    return int(texts.to_pandas().map(lambda t: bool(made.extract_keywords(t))).sum())


def identifying(plain: Path, n: int, peers: bool) -> None:
    """Telephones, links, accounts, plates … in all the texts, beside one pattern of ``grep``."""
    ours = sum(timed(lambda t=texts: identified(t)) for texts in read_back(plain))  # type: ignore[misc]
    command = ["grep", "-c", "-E", r"@[[:alnum:]]|://|[0-9]([ .()-]{0,3}[0-9]){7}", str(plain)]
    if peers and shutil.which("grep"):
        run = lambda: subprocess.run(command, check=False, capture_output=True)  # noqa: E731
        told("identifiers", n, ours, "grep -E, 3 kinds", timed(run))
    else:
        told("identifiers", n, ours)


def identified(texts: pa.Array) -> int:
    """How many identifiers the texts hold."""
    return sum(len(list(found_in(texts[n].as_py()))) for n in candidates(texts).to_pylist())


def searching(case: Workspace, plain: Path, folder: Path, asked: argparse.Namespace) -> None:
    """Latency of mixed queries through the door, beside FTS5 on the texts alone.

    Ours records each question in the ledger, on the disk, before it is answered, and again after.
    """
    n, peers = asked.messages, not asked.no_peers
    built = timed(lambda: case.search("demain"))
    database = folder / "fts.db"
    if peers:
        told(
            "index, and a first search", n, built, "FTS5", timed(lambda: full_text(database, plain))
        )
    else:
        told("index, and a first search", n, built)
    mine, theirs = list[float](), list[float]()
    with closing(sqlite3.connect(database)) as db:
        for turn in range(asked.queries):
            query = QUERIES[turn % len(QUERIES)]
            mine.append(timed(lambda q=query: case.search(q)))  # type: ignore[misc]
            if peers:
                plainly = query.replace("~", "").replace(" -bus", " NOT bus")
                theirs.append(timed(lambda q=plainly: db.execute(ASKED, (q,)).fetchall()))  # type: ignore[misc]
    for name, times in (("search through the door", mine), ("SQLite FTS5", theirs)):
        if not times:
            continue
        cuts = statistics.quantiles(times, n=100)
        print(f"{name:30} median {cuts[49] * 1e3:7.1f} ms   p99 {cuts[98] * 1e3:7.1f} ms")


def full_text(path: Path, plain: Path) -> None:
    """The texts in an FTS5 table."""
    with closing(sqlite3.connect(path)) as db, plain.open(encoding="utf-8", newline="\n") as lines:
        db.execute(
            "CREATE VIRTUAL TABLE m USING fts5(text, tokenize='unicode61 remove_diacritics 2')"
        )
        db.executemany("INSERT INTO m VALUES (?)", ((line[:-1],) for line in lines))
        db.commit()


def main(asked: argparse.Namespace) -> None:
    """Make the messages, then measure each step on them."""
    n, peers = asked.messages, not asked.no_peers
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        os.environ["FAISCEAU_HOME"] = str(folder / "home")
        plain = folder / "texts.txt"
        files = written(folder / "files", plain, n, asked.exhibits, asked.kind)
        size = sum(file.stat().st_size for file in files)
        print(f"{n} messages in {len(files)} files, {size / 1e6:.0f} MB ({asked.kind})")
        Workspace.create(folder / "case", mandate(), clock=Clock())
        case = Workspace.open(folder / "case", clock=Clock())
        seconds = timed(lambda: add(case, files, asked.in_place))
        told(f"add from {asked.kind}{', in place' if asked.in_place else ''}", n, seconds)
        reports: list[RunReport] = []
        seconds = timed(lambda: reports.append(case.run(["messages.triage"])))
        told(f"triage, {reports[0].ran[0].new} findings", n, seconds)
        scanning(plain, n, folder, peers)
        identifying(plain, n, peers)
        if asked.queries:
            searching(case, plain, folder, asked)


def add(case: Workspace, files: list[Path], in_place: bool) -> None:
    """Add each file as an exhibit. Raises what kept one from being added."""
    for added in case.add(files, as_table="message", in_place=in_place):
        if added.error is not None:
            raise added.error


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--exhibits", type=int, default=1, help="files, each an exhibit")
    parser.add_argument("--kind", choices=("jsonl", "parquet"), default="jsonl", help="of files")
    parser.add_argument("--in-place", action="store_true", help="add without keeping a copy")
    parser.add_argument("--queries", type=int, default=200, help="searches timed; 0: none")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument("--folder", type=Path, help="where files go, when /tmp is small")
    main(parser.parse_args())
