"""The search index of a case: words to rows, in shards, derived from the lake and rebuildable.

A shard holds whole segments of the lake and is never changed, only dropped: what is erased from
the lake is erased from the index with its shard, terms included, and the other segments of the
shard are indexed anew. Texts are not stored: what a hit shows is read from the lake, under the
permit of who asks. Tantivy does the rest (BM25; Robertson and Zaragoza 2009).
"""

import fcntl
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import tantivy
from tantivy import Occur

from faisceau.disk import write_durably
from faisceau.tables.identifiers.scan import candidates, found_in
from faisceau.tables.search_query import All, Between, Exact, Node, OneOf, Words, analyzer

FORMAT = 1
SHARD_ROWS = 4_000_000
COLUMNS = (
    "row_id",
    "exhibit_id",
    "procedure",
    "app",
    "thread_id",
    "thread_name",
    "sender_id",
    "sender_name",
    "sent_at",
    "kind",
    "text",
)
"""Columns of ``message`` that are indexed."""
_HEAP = 256 << 20
_FOLDED = "folded"
_STATE = "state.json"


@dataclass(frozen=True, slots=True)
class Shard:
    """One index: its folder's name, the segments it holds (paths), its rows."""

    name: str
    segments: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Hits:
    """What an index answers: rows by falling score (or time), and how many there are in all."""

    row_ids: list[int]
    total: int


@cache
def schema() -> tantivy.Schema:
    """The fields of the index."""
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("row_id", fast=True)
    builder.add_integer_field("at", fast=True, indexed=True)
    for name in ("exhibit", "app", "thread", "kind", "has"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("sender", tokenizer_name=_FOLDED)
    builder.add_text_field("text", tokenizer_name=_FOLDED)
    return builder.build()


class SearchIndex:
    """The index of one case, in ``index/search`` of its folder.

    ``sight`` names what may be seen (the mandate's scope): an index made under another one is
    thrown away.
    """

    def __init__(self, case_folder: Path, sight: str) -> None:
        self._folder = _folder(case_folder)
        self.sight = sight
        self._open: dict[str, tantivy.Index] = {}

    def missing(self, segments: Iterable[str]) -> list[str]:
        """The segments that no shard holds yet."""
        held = {path for shard in self.shards() for path in shard.segments}
        return [path for path in segments if path not in held]

    def shards(self) -> list[Shard]:
        """The shards there are; none when the index was made under another sight."""
        sight, shards = _state(self._folder)
        return shards if sight == self.sight else []

    @contextmanager
    def building(self) -> Iterator["Builder"]:
        """Add segments; one process at a time, others wait. The shards count once it ends."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with _alone(self._folder):
            builder = Builder(self._folder)
            try:
                yield builder
                self._keep([*self.shards(), *builder.finish()])
            except BaseException:
                builder.abandon()
                raise

    def search(
        self, node: Node, limit: int, offset: int = 0, *, newest_first: bool = False
    ) -> Hits:
        """Rows that answer ``node``, the best first (or the newest)."""
        found: list[tuple[float, int]] = []
        total = 0
        query = query_of(node)
        for searcher in self._searchers():
            order: dict[str, Any] = {"order_by_field": "at"} if newest_first else {}
            result: Any = searcher.search(query, limit=max(limit + offset, 1), count=True, **order)
            total += result.count
            addresses = [address for _, address in result.hits]
            ids = searcher.fast_field_values("row_id", addresses) if addresses else []
            found += [
                (float(s or 0), int(i or 0)) for (s, _), i in zip(result.hits, ids, strict=True)
            ]
        found.sort(key=lambda hit: (-hit[0], hit[1]))
        return Hits([i for _, i in found[offset : offset + limit]], total)

    def facets(self, node: Node, name: str, most: int = 30) -> list[tuple[str, int]]:
        """The values of a field (exhibit, app, kind, has) among the rows that answer ``node``,
        each with how many hold it: the most frequent first, ``most`` at most."""
        query, found = query_of(node), Counter[str]()
        for searcher in self._searchers():
            for value, n in searcher.terms_with_prefix(name, "", filter_query=query):
                found[value] += n
        return sorted(found.items(), key=lambda one: (-one[1], one[0]))[:most]

    def every(self, node: Node) -> pa.Array:
        """The ids of all rows that answer ``node`` (int64, unordered)."""
        parts = []
        query = query_of(node)
        for searcher in self._searchers():
            first: Any = searcher.search(query, limit=1, count=True)
            if first.count:
                hits = searcher.search(query, limit=first.count, count=False).hits
                ids = searcher.fast_field_values("row_id", [address for _, address in hits])
                parts.append(np.array(ids, dtype=np.int64))
        return pa.array(np.concatenate(parts) if parts else np.empty(0, np.int64))

    def _searchers(self) -> Iterator[tantivy.Searcher]:
        shards = self.shards()
        for gone in self._open.keys() - {shard.name for shard in shards}:
            self._open.pop(gone, None)  # else its files, erased, would stay on the disk
        for shard in shards:
            if shard.rows:
                if shard.name not in self._open:
                    self._open[shard.name] = _opened(self._folder / shard.name)
                yield self._open[shard.name].searcher()

    def _keep(self, shards: Sequence[Shard]) -> None:
        """Write which shards count, and remove the others."""
        _keep(self._folder, self.sight, shards)


class Builder:
    """Fills new shards."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._done: list[Shard] = []
        self._name = ""
        self._segments: list[str] = []
        self._rows = 0
        self._writer: tantivy.IndexWriter | None = None

    def add(
        self, segment: str, batches: Iterable[pa.RecordBatch], told: Callable[[int], None]
    ) -> None:
        """Index a segment's rows (``COLUMNS``)."""
        if self._rows >= SHARD_ROWS:
            self._close()
        if self._writer is None:
            self._name = token_hex(8)
            path = self._folder / self._name
            path.mkdir()
            index = tantivy.Index(schema(), str(path))
            index.register_tokenizer(_FOLDED, analyzer())
            self._writer = index.writer(_HEAP)
        self._segments.append(segment)
        for batch in batches:
            for values in _documents(batch):
                self._writer.add_document(tantivy.Document(**values))
            self._rows += batch.num_rows
            told(batch.num_rows)

    def finish(self) -> list[Shard]:
        """The shards made, each on disk."""
        self._close()
        return self._done

    def abandon(self) -> None:
        """Remove what was made."""
        self._writer = None
        for name in {self._name, *(shard.name for shard in self._done)} - {""}:
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.commit()
            self._writer.wait_merging_threads()
            self._done.append(Shard(self._name, tuple(self._segments), self._rows))
        self._writer, self._segments, self._rows, self._name = None, [], 0, ""


def retain(case_folder: Path, segments: Iterable[str]) -> None:
    """Drop what the index knows of segments that are no more, with the shards that hold them."""
    there = set(segments)
    _retain(case_folder, lambda name: name.partition("#")[0] in there)


def retain_named(case_folder: Path, names: Iterable[str]) -> None:
    """Drop every shard that holds a segment under another name: other rows of it may be seen."""
    there = set(names)
    _retain(case_folder, there.__contains__)


def _retain(case_folder: Path, stays: Callable[[str], bool]) -> None:
    folder = _folder(case_folder)
    if not folder.is_dir():
        return
    with _alone(folder):  # else shards that somebody is making would go too
        sight, shards = _state(folder)
        _keep(folder, sight, [shard for shard in shards if all(map(stays, shard.segments))])


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others from changing the index, of any thread or process."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _folder(case_folder: Path) -> Path:
    return case_folder / "index" / "search"


def _state(folder: Path) -> tuple[str, list[Shard]]:
    """Under which sight the index was made, and its shards; none when something is missing.

    Others may search while one builds: shards that were there when the state was read may be gone
    when they are looked for, and the state is then another.
    """
    while True:
        text, found = _state_read(folder)
        if found is not None:
            return found
        if text == _state_read(folder)[0]:
            return "", []


def _state_read(folder: Path) -> tuple[bytes, tuple[str, list[Shard]] | None]:
    """The state as it is written, and what it says; None when something is missing."""
    text = b""
    try:
        text = (folder / _STATE).read_bytes()
        state = orjson.loads(text)
        if state["format"] != FORMAT:
            return text, None
        shards = [Shard(s["name"], tuple(s["segments"]), s["rows"]) for s in state["shards"]]
    except (FileNotFoundError, orjson.JSONDecodeError, KeyError, TypeError):
        return text, None
    whole = all((folder / shard.name).is_dir() for shard in shards)
    return text, ((str(state["sight"]), shards) if whole else None)


def _keep(folder: Path, sight: str, shards: Sequence[Shard]) -> None:
    """Write which shards count, and remove the others."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {"format": FORMAT, "sight": sight, "shards": [asdict(shard) for shard in shards]}
    part = folder / f"{_STATE}.{token_hex(4)}.part"
    write_durably(part, orjson.dumps(state))
    part.replace(folder / _STATE)  # whoever searches meanwhile reads the one or the other, whole
    names = {shard.name for shard in shards}
    for path in folder.iterdir():
        if path.is_dir() and path.name not in names:
            shutil.rmtree(path, ignore_errors=True)


def _opened(path: Path) -> tantivy.Index:
    index = tantivy.Index.open(str(path))
    index.register_tokenizer(_FOLDED, analyzer())
    return index


def _documents(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    texts = pc.fill_null(batch["text"].cast(pa.string()), "")
    maybe = frozenset(candidates(texts).to_pylist())
    seconds = batch["sent_at"].cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.int64())
    columns = zip(
        batch["row_id"].to_pylist(),
        seconds.to_pylist(),
        batch["exhibit_id"].to_pylist(),
        batch["app"].to_pylist(),
        batch["thread_id"].to_pylist(),
        batch["thread_name"].to_pylist(),
        batch["sender_id"].to_pylist(),
        batch["sender_name"].to_pylist(),
        batch["kind"].to_pylist(),
        texts.to_pylist(),
        count(),
        strict=False,
    )
    for row_id, at, exhibit, app, thread, name, sender, called, kind, text, n in columns:
        values: dict[str, Any] = {"row_id": row_id, "exhibit": exhibit, "text": text}
        if at is not None:
            values["at"] = at
        if app:
            values["app"] = app.lower()
        if thread or name:
            values["thread"] = [one for one in (thread, name) if one]
        if sender or called:
            values["sender"] = [one for one in (sender, called) if one]
        if kind:
            values["kind"] = kind
        if n in maybe and (kinds := sorted({one.kind for one in found_in(text)})):
            values["has"] = kinds
        yield values


def query_of(node: Node) -> tantivy.Query:
    """A question as Tantivy has it."""
    fields = schema()
    if isinstance(node, Words):
        return _words(fields, node)
    if isinstance(node, Exact):
        return tantivy.Query.term_query(fields, node.field, node.value, "basic")
    if isinstance(node, Between):
        return tantivy.Query.range_query(
            fields,
            "at",
            tantivy.FieldType.Integer,
            node.since,
            None if node.until is None else node.until - 1,  # whole seconds: the bound is open
        )
    if isinstance(node, OneOf):
        return tantivy.Query.boolean_query([(Occur.Should, query_of(p)) for p in node.parts])
    return _all(node)


def _all(node: All) -> tantivy.Query:
    wanted = [(Occur.Must, query_of(part)) for part in node.parts]
    if not wanted:
        wanted = [(Occur.Must, tantivy.Query.all_query())]
    return tantivy.Query.boolean_query(
        wanted + [(Occur.MustNot, query_of(part)) for part in node.without]
    )


def _words(fields: tantivy.Schema, node: Words) -> tantivy.Query:
    words: list[Any] = list(node.words)
    if not words:
        return tantivy.Query.empty_query()
    if node.fuzzy:
        each = [
            tantivy.Query.fuzzy_term_query(fields, node.field, word, distance=node.fuzzy)
            for word in words
        ]
        return tantivy.Query.boolean_query([(Occur.Must, query) for query in each])
    if node.prefix and len(words) == 1:
        return tantivy.Query.regex_query(fields, node.field, f"{words[0]}.*")
    if node.prefix:
        return tantivy.Query.phrase_prefix_query(fields, node.field, words)
    if len(words) == 1:
        return tantivy.Query.term_query(fields, node.field, words[0])
    return tantivy.Query.phrase_query(fields, node.field, words, node.slop)
