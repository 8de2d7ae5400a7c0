"""Whom each message went to: one list for each conversation and sender, not one for each row."""

from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.databases import NULL
from faisceau.tables.schemas import MESSAGE
from faisceau.tables.schemas.schema import STRINGS, Batch

LISTED = 1_000_000
"""Recipients in one batch, at most: long lists would fill memory."""


def recipient_lists(
    thread: pa.Array, sender: pa.Array, nobody: pa.Array, to: Callable[[str, str], list[str]]
) -> tuple[pa.Array, pa.Array]:
    """The distinct recipient lists and, for each row, which one is its own (null: none).

    ``to`` gives the recipients of a sender in a thread; rows of ``nobody`` (notices) have none.
    """
    pairs = pc.binary_join_element_wise(thread, pc.fill_null(sender, ""), "\x00")
    encoded = pc.if_else(nobody, NULL, pairs).dictionary_encode()
    split = [pair.rpartition("\x00") for pair in encoded.dictionary.to_pylist()]
    return pa.array([to(where, who) for where, _, who in split], STRINGS), encoded.indices


def with_recipients(
    columns: Mapping[str, pa.Array],
    everyone: pa.Array,
    which: pa.Array,
    *,
    locators: pa.Array,
    reasons: pa.Array | None,
) -> Iterator[Batch]:
    """The messages with their recipients, in batches whose lists fit in memory."""
    whole = pa.RecordBatch.from_pydict(dict(columns))
    lengths = pc.fill_null(pc.list_value_length(everyone).take(which), 0)
    total = pc.sum(lengths).as_py() or 0
    step = max(1, len(which) // (total // LISTED + 1))
    for start in range(0, len(which), step):
        part = whole.slice(start, step).append_column(
            pa.field("recipients", STRINGS), everyone.take(which.slice(start, step))
        )
        said = None if reasons is None else reasons.slice(start, step)
        yield Batch(MESSAGE, part, locators.slice(start, step), said)
